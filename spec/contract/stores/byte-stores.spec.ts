import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../../lib/observe/logger'
import { TaskState } from '../../../lib/state/task-state'
import { byteStoreContract } from './byte-store'

const STORE = { name: 's', persistent: true, changelogTopic: 'app-s-changelog' }

const inFolder =
  (...neighbours: string[]) =>
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-'))
    const stores = [...neighbours.map((name) => ({ ...STORE, name })), STORE, { ...STORE, name: 'z' }]
    const state = await TaskState.open({ directory: join(folder, '0_0'), taskId: '0_0', stores, logger: silentLogger })
    for (const { name } of stores) {
      if (name !== STORE.name)
        for (const key of ['', 'a', 'b', '\xff\xff'])
          state.bytes(name).put(Buffer.from(key, 'latin1'), Buffer.from('other'))
    }
    return {
      store: state.bytes('s'),
      async commit() {
        state.seal()
        await state.commit(new Map())
      },
      async close() {
        await state.close()
        await rm(folder, { recursive: true })
      },
    }
  }

byteStoreContract('LevelDB', inFolder())
byteStoreContract('LevelDB, between other stores', inFolder('p', 'q'))
byteStoreContract('memory', async () => {
  const state = await TaskState.open({ directory: null, taskId: '0_0', stores: [STORE], logger: silentLogger })
  return { store: state.bytes('s'), commit: () => state.commit(new Map()), close: () => state.close() }
})
