import assert from 'node:assert/strict'
import type { StateEngine } from '../../../state/state-engine'
import type { TestFramework } from '../test-framework'
import { b, CHANGELOG, codeOf, DatabaseUnderTest, entriesOf } from './database-under-test'

/** Generations of writes and the offsets that go with them, as far as every engine has them. */
export const commitContract = (framework: TestFramework, engine: StateEngine): void => {
  const { test } = framework
  const tested = new DatabaseUnderTest(framework, engine)

  test('has no offsets at first, and those of every commit from then on', async () => {
    assert.deepEqual(tested.database.offsets, new Map())
    await tested.commit({ [CHANGELOG]: 5, 'app-r-changelog-0': 0 })
    await tested.commit({ [CHANGELOG]: 7 })
    assert.deepEqual(
      new Map(tested.database.offsets),
      new Map([
        [CHANGELOG, 7],
        ['app-r-changelog-0', 0],
      ]),
    )
  })

  test('has the stores that were asked for', async () => {
    assert.deepEqual([...tested.database.stores.keys()].sort(), ['r', 's', 't'])
  })

  test('writes after seal() stay readable while the sealed ones are committed', async () => {
    const { store, database } = tested
    for (const key of 'xyz') store.put(b(key), b('sealed'))
    database.seal()
    store.put(b('x'), b('current'))
    store.put(b('y'), null)
    const expected = ['x=current', 'z=sealed']
    assert.equal(store.get(b('y')), null)
    assert.deepEqual(await entriesOf(store), expected)
    const committed = database.commit(new Map())
    assert.deepEqual(await entriesOf(store), expected)
    await committed
    assert.deepEqual(await entriesOf(store), expected)
    await tested.commit()
    assert.deepEqual(await entriesOf(store), expected)
  })

  test('a committed view, where there is one, has what the last commit has left, and nothing later', async () => {
    const { store, database } = tested
    const viewed = async (): Promise<string[]> => {
      const view = store.committedView!()
      const entries: string[] = []
      for await (const [key, value] of view.scan({})) entries.push(`${key}=${value}`)
      assert.deepEqual(
        ['w', 'x', 'y'].flatMap((key) => (view.get(b(key)) === null ? [] : `${key}=${view.get(b(key))}`)),
        entries,
      )
      view.close()
      return entries
    }
    if (store.committedView === undefined) return
    assert.deepEqual(await viewed(), [])
    store.put(b('w'), b('1'))
    store.put(b('x'), b('1'))
    assert.deepEqual(await viewed(), [])
    database.seal()
    assert.deepEqual(await viewed(), [])
    await database.commit(new Map())
    const before = store.committedView()
    store.put(b('x'), b('2'))
    store.put(b('w'), null)
    store.put(b('y'), b('2'))
    assert.deepEqual(await viewed(), ['w=1', 'x=1'])
    await tested.commit()
    assert.deepEqual(await viewed(), ['x=2', 'y=2'])
    assert.equal(before.get(b('w'))?.toString(), '1')
    before.close()
    store.put(b('x'), b('3'))
    database.discard()
    assert.deepEqual(await viewed(), ['x=2', 'y=2'])
  })

  test('dirtyBytes is 0 when everything is committed or discarded', async () => {
    tested.store.put(b('k'), Buffer.alloc(1000))
    tested.store.restore(b('l'), Buffer.alloc(1000))
    if (engine.persistent) assert.ok(tested.database.dirtyBytes >= 2000, `it is ${tested.database.dirtyBytes}`)
    await tested.commit()
    assert.equal(tested.database.dirtyBytes, 0)
    tested.store.put(b('k'), Buffer.alloc(1000))
    tested.database.discard()
    assert.equal(tested.database.dirtyBytes, 0)
  })

  test('after discard() stores and offsets agree: both are as of the last commit, or both are empty', async () => {
    const { store, database } = tested
    store.put(b('x'), b('0'))
    await tested.commit({ [CHANGELOG]: 0 })
    store.put(b('x'), b('1'))
    database.seal()
    store.put(b('y'), b('2'))
    store.restore(b('z'), b('3'))
    database.discard()
    const isEmpty = !engine.persistent && database.offsets.size === 0
    assert.deepEqual(await entriesOf(store), isEmpty ? [] : ['x=0'])
    assert.deepEqual(new Map(database.offsets), isEmpty ? new Map() : new Map([[CHANGELOG, 0]]))
    assert.equal(store.approximateNumEntries(), isEmpty ? 0 : 1)
    store.put(b('x'), b('4'))
    await tested.commit({ [CHANGELOG]: 4 })
    assert.deepEqual(await entriesOf(store), ['x=4'])
  })

  test('close() may be called twice', async () => {
    await tested.database.close()
    await tested.database.close()
  })

  if (!engine.persistent) {
    test('starts empty each time', async () => {
      tested.store.put(b('x'), b('0'))
      await tested.commit({ [CHANGELOG]: 0 })
      await tested.reopen()
      assert.deepEqual(await entriesOf(tested.store), [])
      assert.deepEqual(tested.database.offsets, new Map())
    })
    return
  }

  test('seal() is refused while sealed writes are being committed', async () => {
    tested.store.put(b('x'), b('1'))
    tested.database.seal()
    const committed = tested.database.commit(new Map())
    assert.equal(await codeOf(() => tested.database.seal()), 'ILLEGAL_STATE')
    await committed
    tested.database.seal()
  })
}
