import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import type { KafkaStreams } from '../../../lib/runtime/kafka-streams'
import * as serdes from '../../../lib/serdes'
import { keyValueStore } from '../../../lib/state/stores'
import { EmbeddedApps, until } from '../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const rows = keyValueStore('rows', { ...text, caching: false })

describe.each(['latest', 'committed'] as const)('a scan with isolation %s that is not read to its end', (isolation) => {
  let apps: EmbeddedApps
  let streams: KafkaStreams

  beforeEach(async () => {
    apps = new EmbeddedApps({ in: 1 })
    const builder = new StreamsBuilder()
    builder.table('in', text, rows)
    streams = apps.create(builder.build(), { processingGuarantee: 'exactly_once' })
    await streams.start()
    await apps.produceTo('in', 0, ...Array.from({ length: 3000 }, (_, i) => `k${i}`))
    await until(async () => (await apps.committed('in', 0)) === 3000)
  })
  afterEach(() => apps.close())

  it('does not keep the instance from closing, and fails if it is read later', async () => {
    const begin = (): AsyncIterator<unknown> => streams.query(rows, { isolation }).all()[Symbol.asyncIterator]()
    // what is committed is on disk a moment after its offset
    await until(async () => (await begin().next()).done === false)
    const scan = begin()
    expect((await scan.next()).done).toBe(false)
    expect(await streams.close()).toBe(true)
    const read = async (): Promise<void> => {
      while (!(await scan.next()).done);
    }
    await expect(read()).rejects.toMatchObject({
      code: expect.stringMatching(/^STORE_NOT_AVAILABLE|ILLEGAL_STATE/) as string,
    })
  })
})
