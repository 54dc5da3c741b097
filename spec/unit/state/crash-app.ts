import { silentLogger } from '../../../lib/observe/logger'
import { levelEngine } from '../../../lib/state/level/level-engine'
import { TaskStorage } from '../../../lib/state/task-storage'

/**
 * Writes without pause until it is killed: commit `n` sets all keys of both stores to `n` and the offsets to `n`, in
 * the stages in turn that a task goes through: restore, then commits with processing going on meanwhile.
 */
const main = async (directory: string): Promise<void> => {
  const stores = ['a', 'b'].map((name) => ({ name, persistent: true, changelogTopic: `app-${name}-changelog` }))
  const state = await TaskStorage.open({
    engine: levelEngine(),
    directory,
    taskId: '0_0',
    stores,
    logger: silentLogger,
  })
  let n = (state.changelogOffsets().get('app-a-changelog-0') ?? -1) + 1
  const offsets = () => new Map(stores.map(({ changelogTopic }) => [`${changelogTopic}-0`, n]))
  const write = (value: number, put: (store: string, key: Buffer, value: Buffer) => void) => {
    for (const { name } of stores) {
      for (let key = 0; key < 300; key++) put(name, Buffer.from(`k${key}`), Buffer.from(String(value).padEnd(400)))
    }
  }
  process.stdout.write(`started at ${n}\n`)
  for (let restored = 0; restored < 5; restored++, n++) {
    write(n, (store, key, value) => state.bytes(store).restore(key, value))
    void state.commit(offsets())
  }
  for (; ; n++) {
    write(n, (store, key, value) => state.bytes(store).put(key, value))
    state.seal()
    const committed = state.commit(offsets())
    write(-1, (store, key, value) => state.bytes(store).put(key, value))
    await committed
    state.discard()
    process.stdout.write(`committed ${n}\n`)
  }
}

void main(process.argv[2]!)
