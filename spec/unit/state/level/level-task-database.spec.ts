import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { LevelBytes } from '../../../../lib/state/level/level-bytes'
import { levelEngine } from '../../../../lib/state/level/level-engine'
import { silentLogger } from '../../../../lib/observe/logger'
import { temporaryFolder } from '../temporary-folder'

const folder = temporaryFolder()

test.each([
  ['many small', 20_000, 10],
  ['few large', 40, 200_000],
])('a commit of %s values lets others have their turns while it collects them', async (_, count, length) => {
  const database = await levelEngine().open({
    directory: join(folder.path, '0_0'),
    taskId: '0_0',
    stores: [{ name: 's', logged: true }],
    logger: silentLogger,
  })
  const store = database.stores.get('s') as LevelBytes
  for (let i = 0; i < count; i++) store.put(Buffer.from(`${i}`), Buffer.alloc(length))
  const write = jest.spyOn(store, 'write')
  database.seal()
  const committed = database.commit(new Map())
  let most = 0
  for (let written = 0; written < count;) {
    await setImmediate()
    const now = write.mock.calls.length
    most = Math.max(most, now - written)
    written = now
  }
  await committed
  expect(most).toBeLessThan(count / 4)
  await database.close()
})

test('a commit that follows another at once takes nothing of the writes behind both', async () => {
  const directory = join(folder.path, '0_1')
  const open = () =>
    levelEngine().open({ directory, taskId: '0_1', stores: [{ name: 's', logged: true }], logger: silentLogger })
  const put = (key: string): void => store.put(Buffer.from(key), Buffer.from(key))
  let database = await open()
  let store = database.stores.get('s')!
  put('committed')
  database.seal()
  const first = database.commit(new Map([['changelog', 1]]))
  const second = database.commit(new Map([['changelog', 2]]))
  await first
  put('sealed')
  database.seal()
  put('current')
  await second
  await database.close()
  database = await open()
  store = database.stores.get('s')!
  const left = ['committed', 'sealed', 'current'].map((key) => store.get(Buffer.from(key))?.toString())
  expect(left).toEqual(['committed', undefined, undefined])
  expect(database.offsets.get('changelog')).toBe(2)
  await database.close()
})
