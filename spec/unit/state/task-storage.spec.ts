import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLogger } from '../../../lib/observe/logger'
import { levelEngine } from '../../../lib/state/level/level-engine'
import { TaskStorage } from '../../../lib/state/task-storage'
import { collect } from '../../contract/stores/store-task'
import { temporaryFolder } from './temporary-folder'

const folder = temporaryFolder()
const opened: TaskStorage[] = []
afterEach(async () => {
  jest.restoreAllMocks()
  for (const state of opened.splice(0)) await state.close()
})

const store = (name: string, persistent = true) => ({ name, persistent, changelogTopic: `app-${name}-changelog` })
const open = async (stores = [store('a'), store('b')], directory: string | null = join(folder.path, '1_3')) => {
  const state = await TaskStorage.open({
    engine: levelEngine(),
    directory,
    taskId: '1_3',
    stores,
    logger: silentLogger,
  })
  opened.push(state)
  return state
}
const b = (text: string) => Buffer.from(text)
const offsets = (numbers: Record<string, number>) => new Map(Object.entries(numbers))
const A = 'app-a-changelog-3'
const B = 'app-b-changelog-3'

test('stores keep apart and find their bytes again, with the offsets of the same commit', async () => {
  let state = await open()
  expect(state.changelogOffsets()).toEqual(new Map())
  state.bytes('a').put(b('k'), b('1'))
  state.bytes('b').put(b('k'), b('2'))
  state.seal()
  await state.commit(offsets({ [A]: 5, [B]: 0 }))
  expect(state.changelogOffsets()).toEqual(offsets({ [A]: 5, [B]: 0 }))
  await state.close()
  state = await open([store('c'), store('b'), store('a')])
  expect(state.bytes('a').get(b('k'))).toEqual(b('1'))
  expect(state.bytes('b').get(b('k'))).toEqual(b('2'))
  expect(state.bytes('c').get(b('k'))).toBeNull()
  expect(state.changelogOffsets()).toEqual(offsets({ [A]: 5, [B]: 0 }))
  expect(state.bytes('a').approximateNumEntries()).toBe(1)
})

test('what is not committed is gone after a close', async () => {
  let state = await open()
  state.bytes('a').put(b('k'), b('1'))
  state.seal()
  await state.commit(offsets({ [A]: 1 }))
  state.bytes('a').put(b('k'), b('2'))
  state.seal()
  await state.close()
  state = await open()
  expect(state.bytes('a').get(b('k'))).toEqual(b('1'))
  expect(state.changelogOffsets()).toEqual(offsets({ [A]: 1 }))
})

test('writes after seal() are no part of the commit, and stay readable over the sealed ones', async () => {
  let state = await open()
  const a = state.bytes('a')
  a.put(b('x'), b('sealed'))
  a.put(b('y'), b('sealed'))
  a.put(b('z'), b('sealed'))
  state.seal()
  a.put(b('x'), b('current'))
  a.put(b('y'), null)
  const seen = async () => (await collect(a.scan({}))).map(([key, value]) => `${key}=${value}`)
  expect([a.get(b('x')), a.get(b('y')), a.get(b('z'))]).toEqual([b('current'), null, b('sealed')])
  expect(await seen()).toEqual(['x=current', 'z=sealed'])
  const committed = state.commit(offsets({ [A]: 1 }))
  expect(await seen()).toEqual(['x=current', 'z=sealed'])
  await committed
  expect(await seen()).toEqual(['x=current', 'z=sealed'])
  await state.close()
  state = await open()
  expect((await collect(state.bytes('a').scan({}))).map(([key, value]) => `${key}=${value}`)).toEqual([
    'x=sealed',
    'y=sealed',
    'z=sealed',
  ])
})

test('dirtyBytes counts both generations and restored records, and goes back to zero', async () => {
  const state = await open()
  expect(state.dirtyBytes).toBe(0)
  const put = () => state.bytes('a').put(b('k'), Buffer.alloc(1000))
  put()
  const one = state.dirtyBytes
  expect(one).toBeGreaterThan(1000)
  put()
  expect(state.dirtyBytes).toBe(one)
  state.seal()
  put()
  expect(state.dirtyBytes).toBe(2 * one)
  await state.commit(new Map())
  expect(state.dirtyBytes).toBe(one)
  state.discard()
  expect(state.dirtyBytes).toBe(0)
  state.bytes('a').restore(b('k'), Buffer.alloc(1000))
  expect(state.dirtyBytes).toBeGreaterThanOrEqual(1000)
  await state.commit(new Map())
  expect(state.dirtyBytes).toBe(0)
})

test('discard() forgets both generations and what was restored', async () => {
  let state = await open()
  const a = state.bytes('a')
  a.put(b('x'), b('0'))
  state.seal()
  await state.commit(offsets({ [A]: 0 }))
  a.put(b('x'), b('1'))
  state.seal()
  a.put(b('y'), b('2'))
  a.restore(b('z'), b('3'))
  state.discard()
  const seen = async () => (await collect(state.bytes('a').scan({}))).map(([key, value]) => `${key}=${value}`)
  expect(await seen()).toEqual(['x=0'])
  expect(a.approximateNumEntries()).toBe(1)
  state.seal()
  await state.commit(offsets({ [A]: 1 }))
  await state.close()
  state = await open()
  expect(await seen()).toEqual(['x=0'])
})

test('a store used after close says so, a scan under way too', async () => {
  const state = await open()
  const a = state.bytes('a')
  for (let i = 0; i < 3000; i++) a.put(b(`${i}`), b('v'))
  state.seal()
  await state.commit(new Map())
  const scan = a.scan({})[Symbol.asyncIterator]()
  await scan.next()
  await state.close()
  const unavailable = expect.objectContaining({ code: 'STORE_NOT_AVAILABLE' })
  await expect(
    (async () => {
      while (!(await scan.next()).done);
    })(),
  ).rejects.toEqual(unavailable)
  expect(() => a.get(b('1'))).toThrow(unavailable)
  await expect(state.commit(offsets({ [A]: 1 }))).rejects.toEqual(unavailable)
  // once a commit has failed, later ones would claim what it held
  await expect(state.commit(offsets({ [A]: 2 }))).rejects.toEqual(unavailable)
  expect(state.changelogOffsets().get(A)).toBeUndefined()
})

test('the same task can’t be open twice', async () => {
  await open()
  await expect(open()).rejects.toMatchObject({ code: 'STATE_DIRECTORY_LOCKED', location: { taskId: '1_3' } })
})

test('a folder that can’t be made is an error with a next step', async () => {
  await writeFile(join(folder.path, 'file'), '')
  await expect(open([store('a')], join(folder.path, 'file', '1_3'))).rejects.toMatchObject({
    code: 'STATE_STORE_FAILED',
    message: expect.stringContaining('Check that the folder is writable'),
  })
})

test('an unknown store is an error', async () => {
  const state = await open()
  expect(() => state.bytes('nope')).toThrow(expect.objectContaining({ code: 'UNKNOWN_STORE' }))
})

test('stores in memory leave nothing behind, nor do their offsets', async () => {
  const stores = [store('a'), store('b', false)]
  let state = await open(stores)
  state.bytes('a').put(b('k'), b('1'))
  state.bytes('b').put(b('k'), b('1'))
  state.seal()
  await state.commit(offsets({ [A]: 1, [B]: 1 }))
  expect(state.changelogOffsets()).toEqual(offsets({ [A]: 1, [B]: 1 }))
  await state.close()
  state = await open(stores)
  expect(state.changelogOffsets()).toEqual(offsets({ [A]: 1 }))
  expect(state.bytes('b').get(b('k'))).toBeNull()
})

test('discard() empties stores in memory and forgets their offsets: they can’t go back', async () => {
  const state = await open([store('a'), store('b', false)])
  state.bytes('b').put(b('k'), b('1'))
  state.seal()
  await state.commit(offsets({ [A]: 1, [B]: 1 }))
  state.bytes('b').put(b('k'), b('2'))
  state.discard()
  expect(state.bytes('b').get(b('k'))).toBeNull()
  expect(state.changelogOffsets()).toEqual(offsets({ [A]: 1 }))
})

test('a task without persistent stores touches no disk', async () => {
  const state = await open([store('a', false)])
  state.bytes('a').put(b('k'), b('1'))
  state.seal()
  await state.commit(offsets({ [A]: 1 }))
  expect(await readdir(folder.path)).toEqual([])
})

test('without a folder persistent stores are in memory too', async () => {
  const state = await open([store('a')], null)
  state.bytes('a').put(b('k'), b('1'))
  state.seal()
  await state.commit(offsets({ [A]: 1 }))
  expect(state.bytes('a').get(b('k'))).toEqual(b('1'))
  expect(state.changelogOffsets()).toEqual(offsets({ [A]: 1 }))
})

/** The number of entries is sampled at random: here always in the same way. */
const sampleAlike = () => {
  let seed = 7
  jest.spyOn(Math, 'random').mockImplementation(() => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647)
}

const expectNear = (expected: number, entries: number) => {
  expect(entries).toBeGreaterThan(expected * 0.9)
  expect(entries).toBeLessThan(expected * 1.1)
}

test('the number of entries is near the truth however they are written', async () => {
  sampleAlike()
  const state = await open()
  const a = state.bytes('a')
  const round = async (write: (key: Buffer, i: number) => void) => {
    for (let i = 0; i < 20_000; i++) write(b(`k${i}`), i)
    state.seal()
    await state.commit(new Map())
  }
  await round((key) => a.put(key, b('1')))
  expectNear(20_000, a.approximateNumEntries())
  await round((key) => a.put(key, b('2')))
  expectNear(20_000, a.approximateNumEntries())
  await round((key, i) => a.put(key, a.get(key) && i % 2 ? null : b('3')))
  expectNear(10_000, a.approximateNumEntries())
  await round((key) => a.put(key, null))
  expect(a.approximateNumEntries()).toBeLessThan(2500)
})

test('the number of entries does not grow with what is discarded and written again', async () => {
  const state = await open()
  const a = state.bytes('a')
  const counted: number[] = []
  const commitAnd = async (write: () => void) => {
    const commit = state.commit(new Map())
    write()
    await commit
    counted.push(a.approximateNumEntries())
    state.discard()
    counted.push(a.approximateNumEntries())
  }
  a.restore(b('x'), b('1'))
  await commitAnd(() => a.restore(b('y'), b('1')))
  a.put(b('y'), b('1'))
  state.seal()
  await commitAnd(() => a.put(b('z'), b('1')))
  expect(counted).toEqual([2, 1, 3, 2])
})

test('a restored record counts as an entry unless its key is known', async () => {
  sampleAlike()
  const state = await open()
  const a = state.bytes('a')
  const restore = async (keys: number, value: (i: number) => Buffer | null) => {
    for (let i = 0; i < 20_000; i++) a.restore(b(`k${i % keys}`), value(i))
    await state.commit(new Map())
  }
  await restore(100, (i) => b(`${i}`))
  expect(a.approximateNumEntries()).toBe(100)
  await restore(100, (i) => b(`again ${i}`))
  expect(a.approximateNumEntries()).toBe(100)
  await restore(20_000, (i) => b(`${i}`))
  expectNear(20_000, a.approximateNumEntries())
  await restore(20_000, (i) => b(`again ${i}`))
  expectNear(20_000, a.approximateNumEntries())
  await restore(20_000, (i) => (i % 2 === 0 ? null : b(`${i}`)))
  expectNear(10_000, a.approximateNumEntries())
})

test('a key that is restored many times before a commit counts as one entry', async () => {
  const state = await open()
  const a = state.bytes('a')
  for (let i = 0; i < 100_000; i++) a.restore(b(`k${Math.floor(i / 10)}`), b(`${i}`))
  expectNear(10_000, a.approximateNumEntries())
  await state.commit(new Map())
  expectNear(10_000, a.approximateNumEntries())
})

test('a key that is restored and deleted again before a commit counts as no entry', async () => {
  const state = await open()
  const a = state.bytes('a')
  const waiting = 4000
  for (let i = 0; i < 50_000; i++) {
    a.restore(b(`k${i}`), b('1'))
    if (i >= waiting) a.restore(b(`k${i - waiting}`), null)
  }
  expectNear(waiting, a.approximateNumEntries())
  await state.commit(new Map())
  expectNear(waiting, a.approximateNumEntries())
})

test('a key that is deleted after the commit before the one that restores it counts as no entry', async () => {
  const state = await open()
  const a = state.bytes('a')
  a.restore(b('x'), b('1'))
  const first = state.commit(new Map())
  a.restore(b('y'), b('1'))
  await first
  a.restore(b('y'), null)
  await state.commit(new Map())
  expect(a.approximateNumEntries()).toBe(1)
})
