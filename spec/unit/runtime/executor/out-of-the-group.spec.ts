import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { ClientError } from '../../../../lib/kafka/port'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import { keyValueStore } from '../../../../lib/state/stores'
import { EmbeddedApps, failureOf, until } from '../../../support/embedded-apps'
import { once } from '../../../support/events'
import { deferred } from '../processing/processing-under-test'

const text = { key: serdes.string(), value: serdes.string() }
const counted = { key: serdes.string(), value: serdes.long() }

describe('an instance that is dropped from the group under at-least-once', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 3, out: 3 })
  })
  afterEach(async () => {
    jest.restoreAllMocks()
    await apps.close()
  })

  const dropped = async (app: KafkaStreams): Promise<void> => {
    for (;;) if ((await once(app, 'rebalance')).generation === -1) return
  }

  it('resumes as soon as it is back, although a flush could not end in that time', async () => {
    const builder = new StreamsBuilder()
    builder.stream('lines', text).groupByKey().count({ store: 'counts' }).toStream().to('out', counted)
    let stalled: { reached: () => void; proceed: Promise<void> } | undefined
    apps.changeProducers((p) => {
      const { flush } = p
      p.flush = async () => {
        const s = stalled
        stalled = undefined
        if (s) {
          s.reached()
          await s.proceed
        }
        return flush.call(p)
      }
    })
    const app = apps.create(builder.build(), { producer: { linger: 5000 } })
    await app.start()
    const proceed = deferred()
    const reached = deferred()
    stalled = { reached: reached.resolve, proceed: proceed.promise }
    await apps.produceTo('lines', 0, 'a')
    await reached.promise
    const left = dropped(app)
    apps.dropAllMembers()
    await left
    proceed.resolve()
    await until(async () => (await apps.committed('lines', 0)) === 1)
    expect(app.state).toBe('RUNNING')
  })

  it('resumes where it was, although the answer to a commit was lost with the membership', async () => {
    const builder = new StreamsBuilder()
    builder.stream('lines', text).groupByKey().count({ store: 'counts' }).toStream().to('out', counted)
    const committed = deferred()
    const answered = deferred()
    const client = apps.kafka.client.bind(apps.kafka)
    jest.spyOn(apps.kafka, 'client').mockImplementation(() => {
      const made = client()
      const group = made.group.bind(made)
      made.group = (config, listener) => {
        const membership = group(config, listener)
        const { commit } = membership
        membership.commit = async (offsets) => {
          membership.commit = commit
          await commit.call(membership, offsets)
          committed.resolve()
          await answered.promise
          throw new ClientError('retriable', 'the connection was lost', 'NETWORK_EXCEPTION')
        }
        return membership
      }
      return made
    })
    const app = apps.create(builder.build(), { statestoreCacheMaxBytes: 0 })
    const counts = async (): Promise<unknown[]> => (await apps.kafka.read('out', counted)).map(({ value }) => value)
    await app.start()
    await apps.produceTo('lines', 0, 'a')
    await committed.promise
    await apps.produceTo('lines', 0, 'a')
    await until(async () => (await counts()).length === 2)
    const left = dropped(app)
    apps.dropAllMembers()
    await left
    answered.resolve()
    await until(async () => (await apps.committed('lines', 0)) === 2)
    await apps.produceTo('lines', 0, 'a')
    await until(async () => (await apps.committed('lines', 0)) === 3)
    expect(await counts()).toEqual([1, 2, 3])
  })

  it('resumes a task that others have had, and whose changelog it has not written since', async () => {
    const builder = new StreamsBuilder()
    const lines = builder.stream('lines', text).filter((line) => line !== 'empty')
    lines.groupByKey().count({ store: 'counts' })
    const app = apps.create(builder.build())
    const other = apps.create(builder.build(), { stateDir: apps.stateDir('other') })
    const toEach = async (line: string, committed: number): Promise<void> => {
      for (const partition of [0, 1, 2]) await apps.produceTo('lines', partition, line)
      for (const partition of [0, 1, 2]) {
        await until(async () => (await apps.committed('lines', partition)) === committed)
      }
    }
    await app.start()
    await toEach('a', 1)
    let had = 0
    other.on('rebalance', ({ tasks }) => (had = tasks.length))
    await other.start()
    await until(() => had > 0)
    await toEach('a', 2)
    await other.close()
    await toEach('empty', 3)

    const left = dropped(app)
    apps.dropAllMembers()
    await left
    expect(await once(app, 'rebalance')).toMatchObject({ added: [], tasks: ['0_0', '0_1', '0_2'] })
  })

  it('fails, once it is back, with what an awaited callback was rejected with in that time', async () => {
    const called = deferred()
    const answer = deferred()
    const builder = new StreamsBuilder()
    builder
      .stream('lines', text)
      .peek(async () => {
        called.resolve()
        await answer.promise
      })
      .to('out', text)
    const app = apps.create(builder.build())
    const failed = failureOf(app)
    await app.start()
    await apps.produceTo('lines', 0, 'a')
    await called.promise
    const left = dropped(app)
    apps.dropAllMembers()
    await left
    answer.reject(new Error('the answer does not come'))
    expect(await failed).toMatchObject({
      code: 'PROCESSING_FAILED',
      message: expect.stringMatching(/the answer does not come/),
    })
    expect(await apps.committed('lines', 0)).toBe(0)
  })

  it('does not claim, when it is closed, that everything is committed', async () => {
    const counts = keyValueStore('counts', { key: serdes.string(), value: serdes.long() })
    const builder = new StreamsBuilder()
    builder.stream('lines', text).groupByKey().count(counts).toStream().to('out', counted)
    const app = apps.create(builder.build(), { commitInterval: 60_000 })
    await app.start()
    await apps.produceTo('lines', 0, 'a')
    await until(() => app.store(counts).get('a') === 1)
    const left = dropped(app)
    apps.dropAllMembers()
    await left
    expect([await app.close(), await apps.committed('lines', 0)]).toEqual([false, 0])
  })
})
