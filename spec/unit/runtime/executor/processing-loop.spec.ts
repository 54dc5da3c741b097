import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import { block } from '../../../support/block'
import { EmbeddedApps, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const MORE_THAN_A_SLICE_MS = 6

describe('callbacks that take longer than a slice', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 1 })
  })
  afterEach(() => apps.close())

  it('leave timers and sockets their turn between the records', async () => {
    let turns = 0
    let counting = true
    const count = (): void => {
      turns++
      if (counting) setImmediate(count)
    }
    const turnOf: number[] = []
    const builder = new StreamsBuilder()
    builder.stream('lines', text).foreach(() => {
      turnOf.push(turns)
      block(MORE_THAN_A_SLICE_MS)
    })
    await apps.kafka.produce(
      'lines',
      Array.from({ length: 50 }, (_, i) => ({ value: `line ${i}` })),
    )
    count()
    await apps.create(builder.build()).start()
    await until(() => turnOf.length === 50)
    counting = false
    // the loop and the count take turns, in either order
    expect(new Set(turnOf).size).toBeGreaterThan(40)
  })
})
