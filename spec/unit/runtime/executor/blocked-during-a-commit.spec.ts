import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import { block } from '../../../support/block'
import { EmbeddedApps, until } from '../../../support/embedded-apps'
import { once } from '../../../support/events'
import { deferred } from '../processing/processing-under-test'

const text = { key: serdes.string(), value: serdes.string() }
const counted = { key: serdes.string(), value: serdes.long() }
const SESSION_MS = 200
const ROUNDS = 3

describe('a callback that keeps the event loop busy for longer than the session while a transaction is being committed', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 2, out: 2 })
  })
  afterEach(() => apps.close())

  it.each(['flush', 'sendOffsets', 'commit'] as const)(
    'makes the instance rejoin, and every record counts exactly once (%s)',
    async (step) => {
      let called = deferred()
      let proceed = deferred()
      let blocks = false
      const builder = new StreamsBuilder()
      builder
        .stream('lines', text)
        .peek(async (value) => {
          if (value !== 'slow') return
          called.resolve()
          await proceed.promise
          if (!blocks) return
          blocks = false
          block(1.5 * SESSION_MS)
          // the coordinator is elsewhere, and has not waited for it
          apps.dropAllMembers()
        })
        .groupByKey()
        .count({ store: 'counts' })
        .toStream()
        .to('out', counted)
      let armed = false
      apps.changeProducers((producer) => {
        const call = producer[step].bind(producer) as (...args: unknown[]) => Promise<never>
        producer[step] = async (...args: unknown[]) => {
          if (armed) {
            armed = false
            proceed.resolve()
            while (blocks) await new Promise(setImmediate)
          }
          return call(...args)
        }
      })
      const app = apps.create(builder.build(), {
        processingGuarantee: 'exactly_once',
        statestoreCacheMaxBytes: 0,
        sessionTimeout: SESSION_MS,
      })
      const states: string[] = []
      app.on('stateChange', ({ to }) => void states.push(to))
      await app.start()
      for (let round = 1; round <= ROUNDS; round++) {
        called = deferred()
        proceed = deferred()
        blocks = true
        await apps.produceTo('lines', 0, 'slow')
        await called.promise
        const dropped = (async () => {
          while ((await once(app, 'rebalance')).generation !== -1);
        })()
        armed = true
        await apps.produceTo('lines', 1, 'other')
        await dropped
        for (const partition of [0, 1]) await until(async () => (await apps.committed('lines', partition)) === round)
      }
      const expected = Array.from({ length: ROUNDS }, (_, i) => i + 1)
      const counts = await apps.kafka.read('out', counted)
      for (const word of ['slow', 'other']) {
        expect(counts.filter(({ key }) => key === word).map(({ value }) => value)).toEqual(expected)
      }
      expect(states).not.toContain('PENDING_ERROR')
      await until(() => app.state === 'RUNNING')
    },
  )
})
