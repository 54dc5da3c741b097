import { silentLogger } from '../../../../lib/observe/logger'
import type { ActiveTask } from '../../../../lib/runtime/processing/active-task'
import { Committer, type CommitterOptions } from '../../../../lib/runtime/executor/committer'

describe('the end of a transaction', () => {
  const task = {
    held: false,
    isClosed: false,
    stream: { drained: async () => {}, commitNeeded: true, prepareCommit: () => true, committableOffsets: () => [] },
    state: { seal: () => {}, commit: async () => {} },
    changelogOffsets: () => new Map(),
  }
  const setUp = (commit = async (): Promise<void> => {}): { committer: Committer; released: jest.Mock } => {
    const producer = { flush: async () => new Map(), sendOffsets: async () => {}, commit, begin: () => {} }
    const released = jest.fn()
    const options = {
      output: { transactional: true, producer, collector: { settled: async () => {} } },
      membership: () => ({ metadata: () => ({}) }),
      runningTasks: () => [task as unknown as ActiveTask],
      logger: silentLogger,
      released,
      requestCommit: () => {},
      committed: () => {},
    } as unknown as CommitterOptions
    return { committer: new Committer(options), released }
  }

  it('is known until it is over, as tasks that begin to run meanwhile are not held by it', async () => {
    let end = (): void => {}
    let begun = (): void => {}
    const ending = new Promise<void>((resolve) => (begun = resolve))
    const { committer, released } = setUp(() => {
      begun()
      return new Promise((resolve) => (end = resolve))
    })
    expect(committer.endsTransaction).toBe(false)
    const committing = committer.commit()
    await ending
    expect([committer.endsTransaction, released.mock.calls.length]).toEqual([true, 0])
    end()
    await committing
    expect([committer.endsTransaction, task.held, released.mock.calls.length]).toEqual([false, false, 1])
  })

  it('is over, too, when it fails', async () => {
    const { committer } = setUp(() => Promise.reject(new Error('fenced')))
    await expect(committer.commit()).rejects.toThrow('fenced')
    expect(committer.endsTransaction).toBe(false)
  })

  it('goes on with the state on its way to disk: the next commit hears of a failure, unless its tasks were dropped', async () => {
    const full = jest.spyOn(task.state, 'commit')
    const { committer } = setUp()
    full.mockRejectedValueOnce(new Error('disk full'))
    await committer.commit()
    await expect(committer.commit()).rejects.toMatchObject({ code: 'STATE_STORE_FAILED' })
    committer.forget()
    full.mockRejectedValueOnce(new Error('disk full'))
    await committer.commit()
    committer.forget()
    await committer.commit()
    full.mockRestore()
  })
})
