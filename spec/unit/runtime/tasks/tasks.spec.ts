import { writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { resolveConfig } from '../../../../lib/config/config'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { EmbeddedKafka } from '../../../../lib/embedded'
import type { Fetcher, KafkaClient } from '../../../../lib/kafka/port'
import { silentLogger } from '../../../../lib/observe/logger'
import { InstanceRecordCounts } from '../../../../lib/observe/record-counts'
import type { TaskId } from '../../../../lib/record/task-id'
import { RecordCollector } from '../../../../lib/runtime/output/record-collector'
import { SlowCallbackMonitor } from '../../../../lib/runtime/processing/slow-callback-monitor'
import type { RunningTask } from '../../../../lib/runtime/tasks/task'
import { RowMemory } from '../../../../lib/state/timed/row-memory'
import type { KeyValueStore } from '../../../../lib/state/store'
import { TaskFactory } from '../../../../lib/runtime/tasks/task-factory'
import { Tasks } from '../../../../lib/runtime/tasks/tasks'
import * as serdes from '../../../../lib/serdes'
import { ChangeFeeds } from '../../../../lib/state/changes/change-feeds'
import { StateDirectory } from '../../../../lib/state/state-directory'
import { compileTopology } from '../../../../lib/topology/compile/compile-topology'
import { until } from '../../../support/embedded-apps'
import { temporaryFolder } from '../../state/temporary-folder'
import { deferred } from '../processing/processing-under-test'

const CHANGELOG = 'app-counts-changelog'
const text = { key: serdes.string(), value: serdes.string() }
const READY = Promise.resolve()

const counting = () => {
  const builder = new StreamsBuilder()
  builder.stream('in', text).groupByKey().count({ store: 'counts' }).toStream().to('out')
  return compileTopology(builder.build().definition, { applicationId: 'app' })
}

const assigned = (...partitions: number[]) =>
  new Map(partitions.map((partition) => [`0_${partition}` as TaskId, [{ topic: 'in', partition }]]))

describe('tasks', () => {
  const folder = temporaryFolder()
  let kafka: EmbeddedKafka
  let client: KafkaClient
  let stateDirectory: StateDirectory
  let tasks: Tasks
  /** Every state that each task was seen in, in order. */
  let seen: Map<TaskId, string[]>
  let failures: { id: TaskId; error: unknown }[]
  let replayed: number
  /** Replaced by tests that keep a restore from proceeding. */
  let mayRestore: Promise<void>
  /** The same for refilling a changelog. */
  let mayRefill: Promise<void>
  let refillBegun: ReturnType<typeof deferred>

  const restoreFetcher = (): Fetcher => {
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    const poll = fetcher.poll.bind(fetcher)
    fetcher.poll = async (ms) => {
      await mayRestore
      return poll(ms)
    }
    return fetcher
  }

  const open = async (): Promise<Tasks> => {
    stateDirectory = await StateDirectory.open({ applicationId: 'app', stateDir: folder.path })
    const producer = client.producer({ lingerMs: 0 })
    await producer.init()
    const collector = new RecordCollector(producer)
    const signal = new AbortController().signal
    const factory = new TaskFactory({
      topology: counting(),
      config: resolveConfig({ applicationId: 'app', kafka, stateDir: folder.path }),
      admin: client.admin(),
      committed: async () => new Map(),
      refillProducer: () => {
        const producer = client.producer({})
        const init = producer.init.bind(producer)
        producer.init = async () => {
          refillBegun.resolve()
          await mayRefill
          return init()
        }
        return producer
      },
      globalStores: new Map(),
      stateDirectory,
      monitor: new SlowCallbackMonitor(5000, silentLogger),
      cache: undefined,
      rowMemory: new RowMemory(),
      changeFeeds: new ChangeFeeds(),
      recordCounts: new InstanceRecordCounts(),
      logger: silentLogger,
      signal,
      wakeUp: () => {},
    })
    const made: Tasks = new Tasks({
      factory,
      fetcher: client.fetcher({ isolation: 'read_committed' }),
      restoreFetcher,
      collector: async () => collector,
      stateDirectory,
      logger: silentLogger,
      signal,
      restoreListener: {
        restoreStart() {},
        restoreProgress() {},
        restoreEnd: ({ restored }) => void (replayed += restored),
      },
      listener: {
        changed: () => {
          for (const { id, state } of made?.all ?? []) {
            const states = seen.get(id) ?? []
            if (states.at(-1) !== state) seen.set(id, [...states, state])
          }
        },
        failed: (id, error) => void failures.push({ id, error }),
      },
    })
    return made
  }

  beforeEach(async () => {
    kafka = new EmbeddedKafka({ topics: { in: 2, out: 2, [CHANGELOG]: 2 } })
    client = kafka.client()
    seen = new Map()
    failures = []
    replayed = 0
    mayRestore = READY
    mayRefill = READY
    refillBegun = deferred()
    tasks = await open()
  })
  afterEach(async () => {
    await tasks.shutdown()
    await stateDirectory.close()
    await kafka.close()
  })

  const reopen = async (): Promise<void> => {
    await tasks.shutdown()
    await stateDirectory.close()
    tasks = await open()
  }
  const running = async (id: TaskId): Promise<RunningTask> => {
    await until(() => tasks.get(id)?.state === 'running' || failures.length > 0)
    expect(failures).toEqual([])
    return tasks.get(id) as RunningTask
  }
  const writeChangelog = (records: number, partition = 0): Promise<void> =>
    kafka.produce<string, Buffer>(
      CHANGELOG,
      Array.from({ length: records }, (_, i) => ({
        key: `key ${i}`,
        value: Buffer.from([0, 0, 0, 0, 0, 0, 0, 1]),
        partition,
      })),
      { value: serdes.bytes() },
    )

  it('are opened, restored and run', async () => {
    await writeChangelog(3)
    tasks.add(assigned(0, 1))
    expect(tasks.all.map(({ id, state }) => `${id} ${state}`)).toEqual(['0_0 opening', '0_1 opening'])
    expect([tasks.allRunning, tasks.running]).toEqual([false, []])
    await running('0_0')
    await running('0_1')
    expect(seen.get('0_0')).toEqual(['opening', 'restoring', 'running'])
    expect(tasks.allRunning).toBe(true)
    expect(replayed).toBe(3)
    expect(tasks.readerOf('in', 1)?.id).toBe('0_1')
  })

  it('are known by their sub-topology', () => {
    expect([tasks.knows('0_0'), tasks.knows('1_0')]).toEqual([true, false])
  })

  it('that are closed are gone at once, and their state can be opened when it is released', async () => {
    tasks.add(assigned(0))
    const task = await running('0_0')
    tasks.close(['0_0'], 'clean')
    expect([tasks.get('0_0'), tasks.isRunning(task), tasks.running]).toEqual([undefined, false, []])
    expect(tasks.readerOf('in', 0)).toBeUndefined()
    tasks.add(assigned(0))
    const next = await running('0_0')
    expect(next).not.toBe(task)
    expect([tasks.isRunning(task), tasks.isRunning(next)]).toEqual([false, true])
  })

  it('that are closed and assigned again while their state is still opening never meet in one database', async () => {
    for (let round = 0; round < 40; round++) {
      tasks.add(assigned(0, 1))
      for (let turn = 0; turn < round % 8; turn++) await setImmediate()
      tasks.close(['0_0', '0_1'], round % 2 ? 'clean' : 'dirty')
    }
    tasks.add(assigned(0, 1))
    await running('0_0')
    await running('0_1')
    expect(failures).toEqual([])
  })

  it('that are closed while they restore keep what they have restored', async () => {
    await writeChangelog(3)
    const restoring = deferred()
    mayRestore = restoring.promise
    tasks.add(assigned(0))
    await until(() => tasks.get('0_0')?.state === 'restoring')
    tasks.close(['0_0'], 'dirty')
    tasks.add(assigned(0))
    restoring.resolve()
    await running('0_0')
    expect(tasks.offsetSums().get('0_0')).toBe(3)
    expect(failures).toEqual([])
  })

  it('that restart drop what is uncommitted, and start when they may', async () => {
    tasks.add(assigned(0, 1))
    const task = await running('0_0')
    const other = await running('0_1')
    task.stores.state.bytes('counts').put(Buffer.from('key'), Buffer.from('value'))
    expect(task.stores.state.dirtyBytes).toBeGreaterThan(0)
    const ready = deferred()
    tasks.restart(['0_0'], ready.promise)
    expect([tasks.isRunning(task), tasks.isRunning(other)]).toEqual([false, true])
    await until(() => tasks.get('0_0')?.state === 'restoring')
    await setImmediate()
    expect(tasks.allRunning).toBe(false)
    ready.resolve()
    const next = await running('0_0')
    expect(next.stores.state.dirtyBytes).toBe(0)
    expect(next.stores.state.bytes('counts').get(Buffer.from('key'))).toBeFalsy()
    expect(tasks.get('0_1')).toBe(other)
  })

  it('that restart fail with what keeps them from starting', async () => {
    tasks.add(assigned(0, 1))
    await running('0_0')
    await running('0_1')
    const reason = new Error('no such schema')
    const ready = Promise.reject(reason)
    ready.catch(() => {})
    tasks.restart(['0_0'], ready)
    await until(() => failures.length > 0)
    expect(failures).toEqual([{ id: '0_0', error: reason }])
    expect(tasks.get('0_1')?.state).toBe('running')
  })

  it('that are suspended do not run, and resume as they were', async () => {
    tasks.add(assigned(0))
    const task = await running('0_0')
    tasks.suspend()
    expect([tasks.get('0_0')?.state, tasks.running, tasks.isRunning(task)]).toEqual(['suspended', [], false])
    expect(tasks.suspended).toEqual([task])
    // a second loss of the membership finds them suspended
    tasks.suspend()
    tasks.resume()
    expect(tasks.get('0_0')).toBe(task)
    expect([tasks.running, tasks.suspended, tasks.allRunning]).toEqual([[task], [], true])
  })

  it('that do not run yet are closed where others are suspended', async () => {
    tasks.add(assigned(0))
    await running('0_0')
    await writeChangelog(1, 1)
    const restoring = deferred()
    mayRestore = restoring.promise
    tasks.add(assigned(1))
    await until(() => tasks.get('0_1')?.state === 'restoring')
    tasks.suspend()
    expect(tasks.all.map(({ id, state }) => `${id} ${state}`)).toEqual(['0_0 suspended'])
    restoring.resolve()
  })

  it('that are suspended can be closed and assigned again', async () => {
    tasks.add(assigned(0))
    const task = await running('0_0')
    tasks.suspend()
    tasks.close(['0_0'], 'dirty')
    tasks.add(assigned(0))
    expect(await running('0_0')).not.toBe(task)
  })

  it('that can not be opened fail, and no other', async () => {
    writeFileSync(stateDirectory.taskDirectory('0_0'), 'no folder')
    tasks.add(assigned(0, 1))
    await until(() => failures.length > 0 && tasks.get('0_1')?.state === 'running')
    expect(failures).toMatchObject([{ id: '0_0', error: { code: 'STATE_STORE_FAILED' } }])
  })

  it('whose changelog ends before their local state refill it', async () => {
    await writeChangelog(5)
    tasks.add(assigned(0))
    await running('0_0')
    await reopen()
    await client.admin().deleteTopics([CHANGELOG])
    await kafka.createTopic(CHANGELOG, 2)
    await writeChangelog(2)
    tasks.add(assigned(0))
    const { stores } = await running('0_0')
    const [counts] = stores.all
    const keys: string[] = []
    for await (const [key] of (counts as unknown as KeyValueStore<string, unknown>).all()) keys.push(key)
    expect(keys).toEqual(['key 0', 'key 1', 'key 2', 'key 3', 'key 4'])
    expect(tasks.offsetSums().get('0_0')).toBe(7)
  })

  it('whose changelog is being refilled tell when others may restore from it', async () => {
    await writeChangelog(5)
    tasks.add(assigned(0))
    await running('0_0')
    await reopen()
    await client.admin().deleteTopics([CHANGELOG])
    await kafka.createTopic(CHANGELOG, 2)
    const refill = deferred()
    mayRefill = refill.promise
    tasks.add(assigned(0))
    await refillBegun.promise
    tasks.close(['0_0'], 'dirty')
    const others = Promise.race([tasks.refilled(['0_0']).then(() => 'may restore'), setImmediate('wait')])
    expect(await others).toBe('wait')
    refill.resolve()
    await tasks.refilled(['0_0'])
    expect((await kafka.read(CHANGELOG)).map(({ key }) => key)).toEqual(['key 0', 'key 1', 'key 2', 'key 3', 'key 4'])
  })

  it('that an earlier run has left on disk are told with how far their state is', async () => {
    await writeChangelog(3)
    tasks.add(assigned(0))
    await running('0_0')
    await reopen()
    expect(tasks.offsetSums()).toEqual(new Map())
    await tasks.readLocalState()
    expect(tasks.offsetSums()).toEqual(new Map([['0_0', 3]]))
  })

  it('are released by shutdown in every state', async () => {
    tasks.add(assigned(0))
    await running('0_0')
    tasks.suspend()
    tasks.add(assigned(1))
    await tasks.shutdown()
    expect(tasks.all).toEqual([])
    await stateDirectory.close()
    tasks = await open()
    tasks.add(assigned(0, 1))
    await running('0_0')
    await running('0_1')
  })
})
