import { join } from 'node:path'
import { silentLogger } from '../../../../lib/observe/logger'
import { TaskStores } from '../../../../lib/runtime/tasks/task-stores'
import { json, string } from '../../../../lib/serdes'
import { levelEngine } from '../../../../lib/state/level/level-engine'
import type { ManagedStore, StoreBuilder } from '../../../../lib/state/store'
import { windowStore } from '../../../../lib/state/window/window-stores'
import type { SubTopology } from '../../../../lib/topology/definition'
import { temporaryFolder } from '../../state/temporary-folder'

const folder = temporaryFolder()

const open = (builders: readonly StoreBuilder[]): Promise<TaskStores> =>
  TaskStores.open({
    id: '0_0',
    applicationId: 'app',
    subTopologies: [
      {
        stores: builders.map((builder) => ({ definition: { builder, processors: new Set() }, changelogTopic: null })),
      } as unknown as SubTopology,
    ],
    partition: 0,
    engine: levelEngine(),
    directory: join(folder.path, '0_0'),
    defaultKeySerde: string(),
    defaultValueSerde: json(),
    logger: silentLogger,
  })

const windows = (name: string): StoreBuilder =>
  windowStore(name, { key: string(), value: string(), windowSize: 10, retention: 1000 })

/** A store that finds its database damaged. */
const damaged = (closed: () => void): StoreBuilder => ({
  ...windows('damaged'),
  build: () =>
    ({
      name: 'damaged',
      persistent: true,
      changelogTopic: null,
      init: () => {
        throw new Error('damaged')
      },
      close: closed,
    }) as unknown as ManagedStore,
})

describe('a task with a store that fails when it is opened', () => {
  it('closes its stores and its database, so that it can be opened again', async () => {
    const closed = jest.fn()
    await expect(open([windows('windows'), damaged(closed)])).rejects.toThrow('damaged')
    expect(closed).toHaveBeenCalledTimes(1)
    const stores = await open([windows('windows'), windows('damaged')])
    await stores.close('clean')
  })
})
