import type { KStream } from '../../../lib/dsl/kstream'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { ClientError, type Producer } from '../../../lib/kafka/port'
import * as serdes from '../../../lib/serdes'
import { EmbeddedApps, until } from '../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }

describe('a record that is read again under at-least-once, since its output was lost while its state was written', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 1, out: 1 })
  })
  afterEach(() => apps.close())

  const outputOf = async (
    select: (lines: KStream<string, string>) => KStream<string, string>,
    values: readonly string[],
  ): Promise<unknown> => {
    const builder = new StreamsBuilder()
    select(builder.stream('lines', text)).to('out', text)
    let first: Producer | undefined
    let lost = 0
    apps.changeProducers((p) => {
      first ??= p
      if (first !== p) return
      const { flush, append } = p
      p.append = (topic, ...rest) => {
        if (topic === 'out') lost++
        else append.call(p, topic, ...rest)
      }
      p.flush = async () => {
        const flushed = await flush.call(p)
        if (lost > 0) throw new ClientError('abortable', 'delivery timed out', 'TIMED_OUT')
        return flushed
      }
    })
    const app = apps.create(builder.build(), { processingGuarantee: 'at_least_once' })
    await app.start()
    const records = values.map((value) => ({ key: 'k', value, partition: 0, timestamp: 1_000_000 }))
    await apps.kafka.produce('lines', records)
    await until(async () => (await apps.committed('lines', 0)) === values.length)
    expect(lost).toBeGreaterThan(0)
    return (await apps.kafka.read('out')).map(({ value }) => value)
  }

  it('is forwarded by deduplicate, and its repetitions are not', async () => {
    const once = (lines: KStream<string, string>) => lines.deduplicate({ by: (v) => v, within: '1h', store: 'seen' })
    expect(await outputOf(once, ['a', 'a', 'b'])).toEqual(['a', 'b'])
  })

  it('is forwarded by deduplicate once, of several that one record was mapped to', async () => {
    const once = (lines: KStream<string, string>) =>
      lines.flatMapValues((v) => [v, v]).deduplicate({ by: (v) => v, within: '1h', store: 'seen' })
    expect(await outputOf(once, ['a', 'a', 'b'])).toEqual(['a', 'b'])
  })

  it('passes throttle if it passed before, and counts once', async () => {
    const few = (lines: KStream<string, string>) => lines.throttle({ limit: 2, per: '1h', store: 'passed' })
    expect(await outputOf(few, ['a', 'b', 'c'])).toEqual(['a', 'b'])
  })
})
