import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import { block } from '../../../support/block'
import { Committer } from '../../../../lib/runtime/executor/committer'
import { EmbeddedApps, until } from '../../../support/embedded-apps'
import { deferred } from '../processing/processing-under-test'

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

describe('a commit that a processor has asked for', () => {
  it('is not tried all the time while a callback of its task is pending, and is done soon afterwards', async () => {
    const apps = new EmbeddedApps({ lines: 1 })
    const pending = deferred()
    let calls = 0
    const builder = new StreamsBuilder()
    builder.stream('lines', text).process(() => {
      let context: { commit(): void }
      return {
        init: (given: { commit(): void }) => void (context = given),
        process: () => {
          context.commit()
          calls++
          return pending.promise
        },
      }
    })
    await apps.create(builder.build(), { commitInterval: 60_000 }).start()
    const commits = jest.spyOn(Committer.prototype, 'commit')
    await apps.kafka.produce('lines', [{ value: 'line' }])
    await until(() => calls > 0)
    for (let turns = 0; turns < 500; turns++) await new Promise((resolve) => setTimeout(resolve, 1))
    expect(commits.mock.calls.length).toBeLessThan(10)
    pending.resolve()
    await until(async () => (await apps.committed('lines', 0)) === 1)
    commits.mockRestore()
    await apps.close()
  })
})
