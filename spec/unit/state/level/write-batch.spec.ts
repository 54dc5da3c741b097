import { join } from 'node:path'
import { type Database, openDatabase } from '../../../../lib/state/level/level-database'
import { WriteBatches } from '../../../../lib/state/level/write-batch'
import { temporaryFolder } from '../temporary-folder'

const folder = temporaryFolder()
let database: Database
beforeEach(async () => {
  database = await openDatabase(join(folder.path, 'database'))
})
afterEach(() => database.close())

const b = (text: string): Buffer => Buffer.from(text)

describe('batches that are used again', () => {
  const writeOne = async (batches: WriteBatches, key: string, bytes = 1) => {
    const batch = batches.take()
    batch.put(b(key), Buffer.alloc(bytes))
    await batch.write()
    batches.giveBack(batch)
    return batch
  }

  it('write nothing of what they wrote before', async () => {
    const batches = new WriteBatches(database)
    const first = await writeOne(batches, 'a')
    await database.del(b('a'))
    const second = batches.take()
    expect(second).toBe(first)
    expect(second.length).toBe(0)
    second.put(b('b'), b('1'))
    second.put(b('c'), b('1'))
    second.del(b('c'))
    expect(second.length).toBe(3)
    await second.write()
    expect(await database.keys().all()).toEqual([b('b')])
  })

  it('are two while one is being written', async () => {
    const batches = new WriteBatches(database)
    const [one, two] = [batches.take(), batches.take()]
    one.put(b('a'), b('1'))
    two.put(b('b'), b('1'))
    await Promise.all([one.write(), two.write()])
    expect(await database.keys().all()).toEqual([b('a'), b('b')])
  })

  it.each([
    ['is larger than 16 MiB', [17 << 20]],
    ['is far smaller than before', [1 << 20, 1]],
  ])('are let go by a commit that %s', async (_, sizes) => {
    const batches = new WriteBatches(database)
    let last
    for (const bytes of sizes) last = await writeOne(batches, 'a', bytes)
    expect(batches.take()).not.toBe(last)
  })

  it('refuse to write once the database is closed', async () => {
    const batch = new WriteBatches(database).take()
    batch.put(b('a'), b('1'))
    await database.close()
    await expect(batch.write()).rejects.toThrow('not open')
  })
})
