import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import { EmbeddedApps, until } from '../../../support/embedded-apps'
import { deferred } from '../processing/processing-under-test'

const text = { key: serdes.string(), value: serdes.string() }

describe('an awaited callback that settles while a transaction is being committed that it is no part of', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 3, out: 3 })
  })
  afterEach(() => apps.close())

  it('writes to the next one, with its offset', async () => {
    const slow = deferred()
    let calls = 0
    const builder = new StreamsBuilder()
    builder
      .stream('lines', text)
      .peek(async (value) => {
        if (value === 'slow') {
          calls++
          await slow.promise
        }
      })
      .to('out', text)
    const seen: unknown[] = []
    let armed = false
    apps.changeProducers((p) => {
      const { commit } = p
      p.commit = async () => {
        const mine = armed
        if (mine) {
          armed = false
          slow.resolve()
          await new Promise(setImmediate)
        }
        await commit.call(p)
        if (mine)
          seen.push([await apps.valuesIn('out'), await apps.committed('lines', 0), await apps.committed('lines', 1)])
      }
    })
    const app = apps.create(builder.build(), { processingGuarantee: 'exactly_once' })
    await app.start()
    await apps.produceTo('lines', 0, 'slow')
    await until(() => calls > 0)
    armed = true
    await apps.produceTo('lines', 1, 'other')
    await until(() => seen.length > 0)
    expect(seen).toEqual([[['other'], 0, 1]])
    await until(async () => (await apps.committed('lines', 0)) === 1)
    expect(await apps.valuesIn('out')).toEqual(['other', 'slow'])
  })
})
