import { EmbeddedKafka } from '../../../../lib/embedded'
import { Restorer, type TaskRestoration } from '../../../../lib/runtime/restore/restorer'
import type { ManagedStore } from '../../../../lib/state/store'
import type { TaskState } from '../../../../lib/state/task-state'
import { silentLogger } from '../../../../lib/observe/logger'

describe('restoring several tasks', () => {
  let kafka: EmbeddedKafka
  let restorer: Restorer
  let failures: unknown[]
  let restored: (task: string) => void

  beforeEach(async () => {
    kafka = new EmbeddedKafka({ topics: { a: 1, b: 1 } })
    failures = []
    restored = () => {}
    restorer = new Restorer({
      client: kafka.client(),
      logger: silentLogger,
      listener: { restoreStart() {}, restoreProgress() {}, restoreEnd() {} },
      onRestored: (task) => restored(task),
      onOutOfRange: () => {},
      onFailed: (error) => failures.push(error),
    })
  })
  afterEach(async () => {
    await restorer.close()
    await kafka.close()
  })

  const write = (topic: string): Promise<unknown> => kafka.produce(topic, [{ key: 'key', value: 'value' }])

  const restorationOf = (
    topic: string,
    end: number,
    commit: () => Promise<void>,
    restore = (): void => {},
  ): TaskRestoration => ({
    taskId: topic,
    state: { dirtyBytes: 0, seal() {}, commit } as unknown as TaskState,
    stores: [
      {
        store: { name: topic, restore } as unknown as ManagedStore,
        changelog: { topic, partition: 0 },
        from: 0,
        end,
      },
    ],
  })

  it('one that moves away while another is written is written no more', async () => {
    let release = (): void => {}
    const isRestored = new Promise<string>((resolve) => (restored = resolve))
    const isWritten = new Promise<void>((resolve) => {
      const commit = (): Promise<void> => {
        resolve()
        return new Promise((done) => (release = done))
      }
      restorer.add(restorationOf('a', 1, commit))
    })
    let isClosed = false
    await new Promise<void>((resolve) => {
      const commit = (): Promise<void> => (isClosed ? Promise.reject(new Error('closed')) : Promise.resolve())
      restorer.add(restorationOf('b', 2, commit, resolve))
      void write('b')
    })
    await write('a')
    await isWritten
    await restorer.remove('b')
    isClosed = true
    release()
    expect(await isRestored).toBe('a')
    const isNextRestored = new Promise<string>((resolve) => (restored = resolve))
    restorer.add(restorationOf('a', 1, () => Promise.resolve()))
    expect(await isNextRestored).toBe('a')
    expect(failures).toEqual([])
  })
})
