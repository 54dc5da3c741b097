import { silentLogger } from '../../../../lib/observe/logger'
import { Committer, type CommitterOptions } from '../../../../lib/runtime/executor/committer'
import { TransactionBlocked } from '../../../../lib/runtime/failure/transaction-blocked'
import type { RunningTask } from '../../../../lib/runtime/tasks/task'
import { deferred } from '../processing/processing-under-test'

const TRANSACTION_TIMEOUT_MS = 10_000

interface FakeTask {
  readonly task: RunningTask
  /** Times that it was held and not let go. */
  held(): number
}

const fakeTask = (id: string, processing: object = {}, state: object = {}): FakeTask => {
  let holds = 0
  const task = {
    id,
    hold: () => {
      holds++
      return () => void holds--
    },
    isCommitting: () => {},
    hasCommitted: () => {},
    processing: {
      isBusy: false,
      awaitsCallbacks: false,
      commitNeeded: true,
      commitRequested: false,
      hasUncommittedEffects: false,
      drained: async () => {},
      flushCaches: () => true,
      prepareCommit: () => true,
      committed: () => {},
      committableOffsets: () => [{ topic: 'in', partition: Number(id.at(-1)), offset: 5, metadata: '' }],
      ...processing,
    },
    stores: {
      offsetsContained: () => new Map(),
      state: { dirtyBytes: 0, seal: () => {}, commit: async () => {}, ...state },
    },
  }
  return { task: task as unknown as RunningTask, held: () => holds }
}

const setUp = (
  tasks: readonly FakeTask[],
  options: { transactional: boolean; commit?: () => Promise<void>; settled?: () => Promise<void> },
) => {
  const committed: number[][] = []
  const failures: unknown[] = []
  let requests = 0
  const sendOffsets = async (offsets: readonly { partition: number }[]): Promise<void> =>
    void committed.push(offsets.map(({ partition }) => partition))
  const current = {
    flush: async () => new Map(),
    sendOffsets,
    commit: options.commit ?? (async () => {}),
    begin: () => {},
  }
  const lease = { held: true }
  const suspended = new Set<RunningTask>()
  const tasksOfExecutor = {
    get running() {
      return tasks.map(({ task }) => task).filter((task) => !suspended.has(task))
    },
    isRunning: (task: RunningTask) => !suspended.has(task),
  }
  const committer = new Committer({
    producer: {
      transactional: options.transactional,
      get holdsLease() {
        return lease.held
      },
      current,
      collector: {
        isSettled: options.settled === undefined,
        settled: options.settled ?? (async () => {}),
        withhold: () => () => {},
      },
      flush: () => current.flush(),
    },
    group: { metadata: () => ({}), commit: sendOffsets },
    tasks: tasksOfExecutor,
    transactionTimeoutMs: TRANSACTION_TIMEOUT_MS,
    logger: silentLogger,
    listener: {
      released: () => {},
      commitRequested: () => requests++,
      committed: () => {},
      taskFailed: (_task: RunningTask, error: unknown) => failures.push(error),
    },
  } as unknown as CommitterOptions)
  return { committer, committed, failures, suspended, lease, requested: () => requests }
}

describe('the end of a transaction', () => {
  it('is known until it is over, so that tasks that begin to run in that time write nothing', async () => {
    const begun = deferred()
    const end = deferred()
    const task = fakeTask('0_0')
    const commit = (): Promise<void> => {
      begun.resolve()
      return end.promise
    }
    const { committer } = setUp([task], { transactional: true, commit })
    expect(committer.endsTransaction).toBe(false)
    const committing = committer.commit()
    await begun.promise
    expect([committer.endsTransaction, task.held()]).toEqual([true, 1])
    end.resolve()
    await committing
    expect([committer.endsTransaction, task.held()]).toEqual([false, 0])
  })

  it('is over, too, when it fails', async () => {
    const { committer } = setUp([fakeTask('0_0')], {
      transactional: true,
      commit: () => Promise.reject(new Error('fenced')),
    })
    await expect(committer.commit()).rejects.toThrow('fenced')
    expect(committer.endsTransaction).toBe(false)
  })

  it('reports a state that can not be written, and commits the other tasks', async () => {
    const broken = fakeTask('0_0', {}, { commit: () => Promise.reject(new Error('disk full')) })
    const { committer, committed, failures } = setUp([broken, fakeTask('0_1')], { transactional: true })
    await committer.commit()
    await committer.idle()
    expect(failures).toMatchObject([{ code: 'STATE_STORE_FAILED' }])
    expect(committed).toEqual([[0, 1]])
  })
})

describe('a commit at-least-once whose writes were acknowledged when the lease had ended', () => {
  it('leaves state and offsets to the next one: another owner may have written before them', async () => {
    const written: string[] = []
    const state = { commit: async () => void written.push('state') }
    const { committer, committed, lease } = setUp([fakeTask('0_0', {}, state)], { transactional: false })
    lease.held = false
    await committer.commit()
    expect([written, committed, committer.hasUnsentOffsets]).toEqual([[], [], false])
    lease.held = true
    await committer.commit()
    expect([written, committed]).toEqual([['state'], [[0]]])
  })
})

const pending = { isBusy: true, awaitsCallbacks: true, drained: () => new Promise<void>(() => {}) }

const sealing = ({ task }: FakeTask): boolean => {
  Object.assign(task.processing, { commitNeeded: false })
  return true
}

describe('a commit while callbacks are pending', () => {
  it('does without tasks that have written nothing to the transaction', async () => {
    const { committer, committed } = setUp([fakeTask('0_0', pending), fakeTask('0_1')], { transactional: true })
    await committer.commit()
    expect(committed).toEqual([[1]])
  })

  it('is put off while one of them has written to the transaction', async () => {
    const slow = fakeTask('0_0', { ...pending, hasUncommittedEffects: true })
    const { committer, committed } = setUp([slow, fakeTask('0_1')], { transactional: true })
    committer.processed(performance.now())
    await committer.commit()
    expect(committed).toEqual([])
  })

  it('fails before the transaction times out where one of them has written to it', async () => {
    const slow = fakeTask('0_0', { ...pending, hasUncommittedEffects: true })
    const { committer, committed } = setUp([slow, fakeTask('0_1')], { transactional: true })
    committer.processed(performance.now() - TRANSACTION_TIMEOUT_MS)
    await expect(committer.commit()).rejects.toThrow(TransactionBlocked)
    expect(committed).toEqual([])
  })

  it('does without their tasks under at-least-once, and holds them until a commit after they are done', async () => {
    const done = deferred()
    const slow = fakeTask('0_0', { ...pending, drained: () => done.promise })
    const { committer, committed, requested } = setUp([slow, fakeTask('0_1')], { transactional: false })
    await committer.commit()
    expect([committed, slow.held(), requested()]).toEqual([[[1]], 1, 0])
    Object.assign(slow.task.processing, { isBusy: false })
    done.resolve()
    await new Promise(setImmediate)
    expect([slow.held(), requested()]).toEqual([1, 1])
    await committer.commit()
    expect([committed.at(-1), slow.held()]).toEqual([[0, 1], 0])
  })

  it('does not keep a task held that was suspended in that time', async () => {
    const slow = fakeTask('0_0', pending)
    const { committer, suspended } = setUp([slow], { transactional: false })
    await committer.commit()
    expect(slow.held()).toBe(1)
    suspended.add(slow.task)
    await committer.commit()
    suspended.clear()
    Object.assign(slow.task.processing, { isBusy: false, awaitsCallbacks: false })
    await committer.commit()
    expect(slow.held()).toBe(0)
  })

  it('waits for no callback a second time', async () => {
    const slow = fakeTask('0_0', { ...pending, drained: jest.fn(pending.drained) })
    const { committer } = setUp([slow], { transactional: false })
    await committer.commit()
    await committer.commit()
    expect(slow.task.processing.drained).toHaveBeenCalledTimes(1)
  })
})

describe.each([
  ['at-least-once', false],
  ['exactly-once', true],
])('a commit of a large cache, %s', (_guarantee, transactional) => {
  const ENTRIES = 5000

  /** Counts the turns of the event loop until `work` is done. */
  const turnsOf = async (work: Promise<unknown>): Promise<number> => {
    let turns = 0
    let isDone = false
    void work.finally(() => (isDone = true))
    for (; !isDone; turns++) await new Promise(setImmediate)
    return turns
  }

  const cached = (id: string, entries: number, processing: object = {}) => {
    let unflushed = entries
    const flushCaches = (due?: () => boolean): boolean => {
      while (unflushed > 0) {
        unflushed--
        if (due?.() && unflushed > 0) return false
      }
      return true
    }
    return { ...fakeTask(id, { flushCaches, ...processing }), unflushed: () => unflushed }
  }

  it('takes several turns of the event loop, in which its tasks are held', async () => {
    const large = cached('0_0', ENTRIES)
    const small = cached('0_1', 100)
    const { committer, committed } = setUp([large, small], { transactional })
    const committing = committer.commit()
    await new Promise(setImmediate)
    const held: number[] = []
    const flushed = (async () => {
      while (large.unflushed() > 0) {
        held.push(large.held())
        await new Promise(setImmediate)
      }
    })()
    expect(await turnsOf(committing)).toBeGreaterThan(2)
    await flushed
    expect(new Set(held)).toEqual(new Set([1]))
    expect([committed, large.held(), small.held()]).toEqual([[[0, 1]], 0, 0])
  })

  it('takes none for small ones', async () => {
    const turns = jest.fn()
    const prepareCommit = (): boolean => {
      expect(turns).not.toHaveBeenCalled()
      return true
    }
    const { committer, committed } = setUp(
      [cached('0_0', 500, { prepareCommit }), cached('0_1', 500, { prepareCommit })],
      {
        transactional,
      },
    )
    setImmediate(turns)
    await committer.commit()
    expect(committed).toEqual([[0, 1]])
  })

  it('waits for the callbacks into which caches are flushed that were written to in that time', async () => {
    const busy = (isBusy: boolean): boolean => {
      Object.assign(slow.task.processing, { isBusy })
      return true
    }
    // a callback writes during the pause, into a cache that has been flushed already and leads to another callback
    const flushCaches = jest
      .fn(() => true)
      .mockReturnValueOnce(false)
      .mockReturnValueOnce(true)
      .mockImplementationOnce(() => busy(true))
    const drained = async (): Promise<void> => void busy(false)
    const slow = fakeTask('0_0', { awaitsCallbacks: true, drained, flushCaches })
    const { committer, committed } = setUp([slow], { transactional })
    await committer.commit()
    expect(committed).toEqual([[0]])
  })

  it('leaves a task alone that is dropped in that time', async () => {
    const moving = cached('0_0', ENTRIES)
    const { committer, committed, suspended } = setUp([moving, cached('0_1', 10)], { transactional })
    const committing = committer.commit()
    await new Promise(setImmediate)
    suspended.add(moving.task)
    const unflushed = moving.unflushed()
    await committing
    expect(unflushed).toBeGreaterThan(0)
    expect([committed, moving.unflushed(), moving.held()]).toEqual([[[1]], unflushed, 0])
  })

  it('reports a failure in a later slice as that of its task, and commits the others', async () => {
    let slices = 0
    const flushCaches = (): boolean => {
      if (++slices < 3) return false
      suspended.add(broken.task)
      throw new Error('full')
    }
    const broken = fakeTask('0_0', { flushCaches })
    const { committer, committed, failures, suspended } = setUp([broken, cached('0_1', 10)], { transactional })
    await committer.commit()
    expect([failures, slices, broken.held()]).toEqual([[new Error('full')], 3, 0])
    expect(committed).toEqual([[1]])
  })
})

describe('the last commit of tasks that move away', () => {
  it('waits until their callbacks are done, and for no other task', async () => {
    const done = deferred()
    const moving = fakeTask('0_0', { ...pending, drained: () => done.promise })
    const staying = fakeTask('0_1', pending)
    const { committer, committed } = setUp([moving, staying], { transactional: true })
    let over = false
    const committing = committer.commitAll(60_000, [moving.task]).finally(() => (over = true))
    await committer.commit()
    expect([over, committed]).toEqual([false, []])
    Object.assign(moving.task.processing, { isBusy: false, prepareCommit: () => sealing(moving) })
    done.resolve()
    expect([await committing, committed]).toEqual([true, [[0]]])
  })

  it('is given up when the time is over', async () => {
    const moving = fakeTask('0_0', pending)
    const { committer } = setUp([moving], { transactional: true })
    expect(await committer.commitAll(1, [moving.task])).toBe(false)
  })
})

describe('a commit of tasks that were dropped since', () => {
  it('has no say any more: its failure is nobody else’s', async () => {
    const begun = deferred()
    const end = deferred()
    const commit = (): Promise<void> => {
      begun.resolve()
      return end.promise
    }
    const { committer } = setUp([fakeTask('0_0')], { transactional: true, commit })
    const committing = committer.commit()
    await begun.promise
    committer.forget()
    end.reject(new Error('the client is closed'))
    await committing
  })

  it.each([
    ['at-least-once', false],
    ['exactly-once', true],
  ])('waits for no topic of theirs, %s', async (_guarantee, transactional) => {
    const waiting = deferred()
    const settled = (): Promise<void> => {
      waiting.resolve()
      return new Promise(() => {})
    }
    const dropped = fakeTask('0_0')
    const { committer, committed, suspended } = setUp([dropped], { transactional, settled })
    const committing = committer.commit()
    await waiting.promise
    suspended.add(dropped.task)
    committer.forget()
    await committing
    expect([committed, dropped.held(), committer.endsTransaction]).toEqual([[], 0, false])
  })

  it.each([
    ['at-least-once', false],
    ['exactly-once', true],
  ])('leaves tasks to the next commit that have started since, %s', async (_guarantee, transactional) => {
    const callback = deferred()
    const dropped = fakeTask('0_0', { awaitsCallbacks: true, drained: () => callback.promise })
    const started = fakeTask('0_1')
    const { committer, committed, suspended } = setUp([dropped, started], { transactional })
    const prepared = jest.spyOn(started.task.processing, 'prepareCommit')
    suspended.add(started.task)
    const committing = committer.commit()
    await new Promise(setImmediate)
    committer.forget()
    suspended.add(dropped.task)
    suspended.delete(started.task)
    callback.resolve()
    await committing
    expect([prepared.mock.calls.length, committed, dropped.held(), started.held()]).toEqual([0, [], 0, 0])
    await committer.commit()
    expect(committed).toEqual([[1]])
  })
})
