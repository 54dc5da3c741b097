import assert from 'node:assert/strict'
import type { StateEngine } from '../../../state/state-engine'
import type { TestFramework } from '../test-framework'
import { b, CHANGELOG, codeOf, DatabaseUnderTest, entriesOf } from './database-under-test'

/** What a persistent engine finds when it opens a database again. */
export const durabilityContract = (
  framework: TestFramework,
  engine: StateEngine,
  damage?: (directory: string) => Promise<void>,
): void => {
  const { test } = framework
  const tested = new DatabaseUnderTest(framework, engine)
  const offset = (): number | undefined => tested.database.offsets.get(CHANGELOG)

  test('finds the stores and the offsets of the last commit, and nothing that came after it', async () => {
    tested.store.put(b('k'), b('1'))
    tested.store.put(b('l'), b('1'))
    await tested.commit({ [CHANGELOG]: 1 })
    tested.store.put(b('k'), b('2'))
    tested.store.put(b('l'), null)
    tested.database.seal()
    await tested.reopen()
    assert.deepEqual(await entriesOf(tested.store), ['k=1', 'l=1'])
    assert.equal(tested.store.approximateNumEntries(), 2)
    assert.equal(offset(), 1)
    assert.deepEqual(tested.reports, [])
  })

  test('stores keep their entries apart, in whatever order and company they are opened', async () => {
    tested.store.put(b('a'), b('mine'))
    await tested.commit()
    await tested.reopen(['u', 't', 's'])
    assert.deepEqual(await entriesOf(tested.store), ['a=mine'])
    assert.deepEqual(await entriesOf(tested.database.stores.get('u')!), [])
    assert.equal((await entriesOf(tested.database.stores.get('t')!)).length, 4)
    await tested.reopen()
    assert.equal((await entriesOf(tested.database.stores.get('r')!)).length, 4)
  })

  test('opened without stores, it gives the offsets', async () => {
    tested.store.put(b('a'), b('1'))
    await tested.commit({ [CHANGELOG]: 3 })
    await tested.reopen([])
    assert.equal(offset(), 3)
    await tested.reopen()
    assert.deepEqual(await entriesOf(tested.store), ['a=1'])
  })

  test('writes after seal() are no part of the commit', async () => {
    for (const key of 'xyz') tested.store.put(b(key), b('sealed'))
    tested.database.seal()
    tested.store.put(b('x'), b('current'))
    tested.store.put(b('y'), null)
    tested.store.dropBelow(b('z'))
    await tested.database.commit(new Map([[CHANGELOG, 1]]))
    await tested.reopen()
    assert.deepEqual(await entriesOf(tested.store), ['x=sealed', 'y=sealed', 'z=sealed'])
  })

  test('a second seal() before the commit adds to the first', async () => {
    tested.store.put(b('x'), b('1'))
    tested.store.put(b('y'), b('1'))
    tested.database.seal()
    tested.store.put(b('x'), b('2'))
    tested.database.seal()
    await tested.database.commit(new Map())
    await tested.reopen()
    assert.deepEqual(await entriesOf(tested.store), ['x=2', 'y=1'])
  })

  test('what was discarded is part of no later commit', async () => {
    tested.store.put(b('x'), b('1'))
    tested.database.seal()
    tested.store.restore(b('y'), b('2'))
    tested.database.discard()
    await tested.commit({ [CHANGELOG]: 1 })
    await tested.reopen()
    assert.deepEqual(await entriesOf(tested.store), [])
  })

  test('overlapping commits of restored records are written in order', async () => {
    const pending: Promise<void>[] = []
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 500; i++) tested.store.restore(b(`k${i}`), b(`${round}`))
      pending.push(tested.database.commit(new Map([[CHANGELOG, round]])))
    }
    await Promise.all(pending)
    await tested.reopen()
    assert.equal(offset(), 19)
    const values = (await entriesOf(tested.store)).map((entry) => entry.slice(entry.indexOf('=') + 1))
    assert.equal(values.length, 500)
    assert.deepEqual(new Set(values), new Set(['19']))
  })

  test('what was removed below a key stays removed', async () => {
    for (const key of 'abc') tested.store.put(b(key), b('1'))
    await tested.commit()
    tested.store.dropBelow(b('b'))
    await tested.commit()
    await tested.reopen()
    assert.deepEqual(await entriesOf(tested.store), ['b=1', 'c=1'])
  })

  test('close() waits for commits under way', async () => {
    tested.store.put(b('x'), b('1'))
    tested.database.seal()
    const committed = tested.database.commit(new Map([[CHANGELOG, 1]]))
    await Promise.all([tested.database.close(), committed])
    await tested.reopen()
    assert.deepEqual(await entriesOf(tested.store), ['x=1'])
    assert.equal(offset(), 1)
  })

  test('a database that is used after close() says so', async () => {
    const { store, database } = tested
    store.put(b('x'), b('1'))
    await tested.commit()
    const scan = store.scan({})[Symbol.asyncIterator]()
    await database.close()
    assert.equal(await codeOf(() => store.get(b('x'))), 'STORE_NOT_AVAILABLE')
    assert.equal(await codeOf(() => scan.next()), 'STORE_NOT_AVAILABLE')
    assert.equal(await codeOf(() => database.commit(new Map([[CHANGELOG, 1]]))), 'STORE_NOT_AVAILABLE')
    assert.equal(database.offsets.get(CHANGELOG), undefined)
  })

  test('a database can’t be open twice', async () => {
    assert.equal(await codeOf(() => tested.open()), 'STATE_DIRECTORY_LOCKED')
    await tested.reopen()
  })

  if (damage === undefined) return

  test('a damaged database is reported and replaced by an empty one', async () => {
    for (let i = 0; i < 100; i++) tested.store.put(b(`${i}`), b('1'))
    await tested.commit({ [CHANGELOG]: 1 })
    await tested.database.close()
    await damage(tested.directory)
    tested.database = await tested.open()
    assert.equal(tested.reports.length, 1)
    assert.equal(offset(), undefined)
    assert.deepEqual(await entriesOf(tested.store), [])
    tested.store.put(b('a'), b('2'))
    await tested.commit({ [CHANGELOG]: 2 })
    await tested.reopen()
    assert.deepEqual(await entriesOf(tested.store), ['a=2'])
    assert.equal(tested.reports.length, 1)
  })
}
