import { silentLogger } from '../../../../lib/observe/logger'
import { Committer, type CommitterOptions } from '../../../../lib/runtime/executor/committer'
import { TransactionBlocked } from '../../../../lib/runtime/failure/transaction-blocked'
import type { RunningTask } from '../../../../lib/runtime/tasks/task'
import { deferred } from '../processing/processing-under-test'

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
    hasCommitted: () => {},
    processing: {
      isBusy: false,
      awaitsCallbacks: false,
      commitNeeded: true,
      commitRequested: false,
      hasUncommittedEffects: false,
      drained: async () => {},
      flushCaches: () => {},
      prepareCommit: () => true,
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

const setUp = (tasks: readonly FakeTask[], options: { transactional: boolean; commit?: () => Promise<void> }) => {
  const committed: number[][] = []
  const failures: unknown[] = []
  const sendOffsets = async (offsets: readonly { partition: number }[]): Promise<void> =>
    void committed.push(offsets.map(({ partition }) => partition))
  const current = {
    flush: async () => new Map(),
    sendOffsets,
    commit: options.commit ?? (async () => {}),
    begin: () => {},
  }
  const running = tasks.map(({ task }) => task)
  const committer = new Committer({
    producer: { transactional: options.transactional, current, collector: { settled: async () => {} } },
    group: { metadata: () => ({}), commit: sendOffsets },
    tasks: { running, isRunning: () => true },
    transactionTimeoutMs: 20,
    logger: silentLogger,
    listener: {
      released: () => {},
      commitRequested: () => {},
      committed: () => {},
      taskFailed: (_task: RunningTask, error: unknown) => failures.push(error),
    },
  } as unknown as CommitterOptions)
  return { committer, committed, failures }
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

describe('a commit while callbacks are pending', () => {
  const pending = { isBusy: true, awaitsCallbacks: true, drained: () => new Promise<void>(() => {}) }

  it('does without tasks that have written nothing to the transaction', async () => {
    const { committer, committed } = setUp([fakeTask('0_0', pending), fakeTask('0_1')], { transactional: true })
    await committer.commit(1)
    expect(committed).toEqual([[1]])
  })

  it('is put off while one of them has written to the transaction, and fails before the transaction times out', async () => {
    const slow = fakeTask('0_0', { ...pending, hasUncommittedEffects: true })
    const { committer, committed } = setUp([slow, fakeTask('0_1')], { transactional: true })
    committer.processed(performance.now())
    await committer.commit(1)
    committer.processed(performance.now() - 1000)
    await expect(committer.commit(20)).rejects.toThrow(TransactionBlocked)
    expect(committed).toEqual([])
  })

  it('does without their tasks under at-least-once, and holds them until they are done', async () => {
    const done = deferred()
    const slow = fakeTask('0_0', { ...pending, drained: () => done.promise })
    const { committer, committed } = setUp([slow, fakeTask('0_1')], { transactional: false })
    await committer.commit(1)
    expect([committed, slow.held()]).toEqual([[[1]], 1])
    done.resolve()
    await new Promise(setImmediate)
    expect(slow.held()).toBe(0)
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
})
