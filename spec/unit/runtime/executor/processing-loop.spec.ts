import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { silentLogger } from '../../../../lib/observe/logger'
import { ProcessingLoop, type ProcessingLoopOptions } from '../../../../lib/runtime/executor/processing-loop'
import { IsolatedTasks } from '../../../../lib/runtime/failure/isolated-tasks'
import * as serdes from '../../../../lib/serdes'
import { block } from '../../../support/block'
import { Committer } from '../../../../lib/runtime/executor/committer'
import { EmbeddedApps, until } from '../../../support/embedded-apps'
import { deferred } from '../processing/processing-under-test'

const text = { key: serdes.string(), value: serdes.string() }
const MORE_THAN_A_SLICE_MS = 6

interface FakeTask {
  readonly id: string
  readonly isReady: boolean
  passIdleTime(): boolean
  readonly processing: { commitNeeded: boolean; isBusy: boolean; processUpTo(limit: number): number }
}

/** A loop over tasks that note their records, with a commit that ends when the test says so. */
const loopOver = (
  records: Record<string, number>,
  fetcher = { poll: async (_maxWaitMs: number): Promise<never[]> => [], wakeup: (): void => {} },
) => {
  const done: string[] = []
  const failures: { id: string; error: unknown }[] = []
  const broken = new Map<string, Error>()
  const commits: (() => void)[] = []
  /** How many records were done each time the producer was told that nothing more comes. */
  const idleAfter: number[] = []
  const running = Object.keys(records).map((id): FakeTask & { stores: { state: { dirtyBytes: number } } } => ({
    id,
    isReady: true,
    passIdleTime: () => false,
    stores: { state: { dirtyBytes: 0 } },
    processing: {
      commitNeeded: false,
      isBusy: false,
      processUpTo(limit: number) {
        const error = broken.get(id)
        if (error) throw error
        const count = Math.min(limit, records[id]!)
        if (count === 0) return 0
        records[id]! -= count
        this.commitNeeded = true
        for (let i = 0; i < count; i++) done.push(id)
        return count
      },
      ...{
        maybePunctuateStreamTime: () => false,
        maybePunctuateWallClock: () => false,
        nextWallClockPunctuation: () => Infinity,
        commitRequested: false,
        hasBuffered: true,
      },
    },
  }))
  const tasks = { running, isRunning: ({ id }: FakeTask) => running.some((task) => task.id === id) }
  const committer = {
    inProgress: false,
    suspended: false,
    endsTransaction: false,
    hasUnsentOffsets: false,
    processed: () => {},
    commit: () =>
      new Promise<void>((resolve) => {
        committer.inProgress = true
        commits.push(() => {
          committer.inProgress = false
          for (const { processing } of running) processing.commitNeeded = false
          resolve()
        })
      }),
  }
  const isolated = new IsolatedTasks(10_000)
  const loop = new ProcessingLoop({
    config: { commitIntervalMs: 60_000, maxUncommittedBytes: Infinity, sessionTimeoutMs: 45_000 },
    fetcher,
    inputs: { take: () => {}, throttle: () => {} },
    producer: { writable: true, transactional: true, idle: () => idleAfter.push(done.length) },
    committer,
    tasks,
    isolated,
    logger: silentLogger,
    listener: {
      taskFailed: ({ id }: FakeTask, error: unknown) => {
        failures.push({ id, error })
        running.splice(
          running.findIndex((task) => task.id === id),
          1,
        )
      },
      failed: (error: unknown) => failures.push({ id: 'loop', error }),
    },
  } as unknown as ProcessingLoopOptions)
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise(setImmediate)
  }
  return { loop, done, failures, broken, commits, turns, running, idleAfter, isolated }
}

describe('an early commit', () => {
  it.each([
    ['is made if one task has more than 30 MiB of uncommitted state', [31, 0], 1],
    ['is not made if tasks have more than that only together', [29, 29], 0],
  ])('%s', async (_, mebibytes, expected) => {
    const { loop, commits, turns, running } = loopOver({ '0_0': 1, '0_1': 1 })
    mebibytes.forEach((size, i) => (running[i]!.stores.state.dirtyBytes = size * 2 ** 20))
    const ended = loop.run()
    await turns()
    expect(commits).toHaveLength(expected)
    for (const end of commits) end()
    loop.stop()
    await ended
  })
})

describe('a task that is isolated', () => {
  it('processes one record, and the next when that is committed; others process as ever', async () => {
    const { loop, done, commits, turns, isolated } = loopOver({ '0_0': 3, '0_1': 5 })
    const of = (id: string): number => done.filter((task) => task === id).length
    isolated.add(['0_0'])
    const ended = loop.run()
    for (const processed of [1, 2, 3]) {
      await turns()
      expect([of('0_0'), of('0_1'), commits.length]).toEqual([processed, 5, 1])
      commits.pop()!()
    }
    await turns()
    expect(commits).toEqual([])
    loop.stop()
    await ended
  })

  it('is so for a time that begins with its first record, however long its restart takes', async () => {
    const records = { '0_0': 0, '0_1': 1 }
    const { loop, commits, turns, isolated } = loopOver(records)
    const processed = jest.spyOn(isolated, 'processed')
    isolated.add(['0_0'])
    const ended = loop.run()
    await turns()
    const before = [...processed.mock.calls]
    records['0_0'] = 1
    await turns()
    const after = [...processed.mock.calls]
    for (const end of commits) end()
    loop.stop()
    await ended
    expect({ before, after }).toEqual({ before: [], after: [['0_0']] })
  })

  it('waits with the next record while a callback is pending', async () => {
    const { loop, done, turns, running, isolated } = loopOver({ '0_0': 1 })
    running[0]!.processing.isBusy = true
    isolated.add(['0_0'])
    const ended = loop.run()
    await turns()
    expect(done).toEqual([])
    running[0]!.processing.isBusy = false
    await turns()
    expect(done).toEqual(['0_0'])
    loop.stop()
    await ended
  })
})

describe('the producer', () => {
  it('hears that nothing more comes when all records at hand are processed, not before', async () => {
    const { loop, done, idleAfter, turns } = loopOver({ '0_0': 1_000, '0_1': 3 })
    const ended = loop.run()
    await turns()
    expect(done).toHaveLength(1_003)
    expect(new Set(idleAfter)).toEqual(new Set([1_003]))
    loop.stop()
    await ended
  })
})

describe('a task that throws', () => {
  it('is reported, and the others keep processing', async () => {
    const { loop, done, broken, failures, turns } = loopOver({ '0_0': 1, '0_1': 3 })
    const error = new Error('no such word')
    broken.set('0_0', error)
    const ended = loop.run()
    await turns()
    expect([failures, done]).toEqual([[{ id: '0_0', error }], ['0_1', '0_1', '0_1']])
    loop.stop()
    await ended
  })
})

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

it('a wake-up while the loop looks for records keeps it from waiting for them', async () => {
  let wake: (() => void) | undefined
  let whileLooking = (): void => {}
  const { loop, turns } = loopOver(
    {},
    {
      poll: async (maxWaitMs) => {
        if (maxWaitMs === 0) queueMicrotask(whileLooking)
        else await new Promise<void>((resolve) => (wake = resolve))
        return []
      },
      wakeup: () => wake?.(),
    },
  )
  const ended = loop.run()
  await turns()
  const before = wake!
  whileLooking = () => loop.stop()
  wake = undefined
  before()
  await turns()
  expect(wake).toBeUndefined()
  await ended
})

it('waits as long as for records while it is paused, however long punctuations are due', async () => {
  const waits: number[] = []
  const { loop, running, turns } = loopOver(
    { a: 1 },
    {
      poll: async (maxWaitMs) => {
        if (maxWaitMs > 0) waits.push(maxWaitMs)
        return []
      },
      wakeup: () => {},
    },
  )
  Object.assign(running[0]!.processing, { nextWallClockPunctuation: () => Date.now() - 1000 })
  loop.pause()
  const ended = loop.run()
  await turns()
  loop.stop()
  await ended
  expect(Math.min(...waits)).toBe(1000)
})
