import { silentLogger } from '../../../../lib/observe/logger'
import { outerJoinKey } from '../../../../lib/state/join/outer-join-key'
import { OuterJoinRows } from '../../../../lib/state/join/outer-join-rows'
import { levelEngine } from '../../../../lib/state/level/level-engine'
import type { TaskDatabase } from '../../../../lib/state/state-engine'
import { RowMemory } from '../../../../lib/state/timed/row-memory'
import { temporaryFolder } from '../temporary-folder'
import { randomFrom } from '../random-numbers'

const folder = temporaryFolder()

interface Bounds {
  readonly longestValue: number
  readonly memoryBytes: number
  readonly maxDirtyRows: number
}

const openRows = async (database: TaskDatabase, bounds: Bounds): Promise<OuterJoinRows> => {
  const rows = new OuterJoinRows({
    bytes: database.stores.get('rows')!,
    bucketMs: 100,
    memory: new RowMemory(bounds.memoryBytes),
    maxDirtyRows: bounds.maxDirtyRows,
  })
  await rows.open()
  return rows
}

/** Adds, replaces, deletes, reads, commits, restarts and crashes at random. */
const compareWithMap = async (seed: number, bounds: Bounds): Promise<void> => {
  const random = randomFrom(seed)
  const database = await levelEngine().open({
    directory: `${folder.path}/${seed}`,
    taskId: '0_0',
    stores: [{ name: 'rows', logged: true }],
    logger: silentLogger,
  })
  let rows = await openRows(database, bounds)
  let model = new Map<string, string>()
  let committed = new Map<string, string>()
  let now = 1000
  const hex = (key: Buffer): string => key.toString('hex')
  const inOrder = (): string[] => [...model.keys()].sort()

  try {
    for (let step = 0; step < 3000; step++) {
      const choice = random(100)
      const waiting = inOrder()[random(10)]
      const known = waiting === undefined ? undefined : Buffer.from(waiting, 'hex')
      if (choice < 40) {
        now += random(20)
        const key = outerJoinKey(Buffer.from(`key${random(30)}`), now - random(400), random(2) === 0)
        const list = `list ${step} ${'x'.repeat(random(bounds.longestValue))}`
        rows.set(key, Buffer.from(list))
        model.set(hex(key), list)
      } else if (choice < 75) {
        if (known === undefined) continue
        expect(rows.delete(known)).toBe(true)
        expect(rows.delete(known)).toBe(false)
        expect(rows.get(known)).toBeNull()
        model.delete(waiting!)
      } else if (choice < 92) {
        expect(known === undefined ? undefined : rows.get(known)?.toString()).toBe(model.get(waiting!))
      } else if (choice < 95) {
        expect(Array.from(rows.keys(), hex)).toEqual(inOrder())
        expect(Array.from(rows.keys(true), hex)).toEqual(inOrder().reverse())
      } else if (choice < 98) {
        rows.writeOut()
        database.seal()
        await database.commit(new Map())
        committed = new Map(model)
        if (random(2) === 0) {
          rows.close()
          rows = await openRows(database, bounds)
        }
      } else {
        rows.close()
        database.discard()
        rows = await openRows(database, bounds)
        model = new Map(committed)
      }
    }
  } finally {
    await database.close()
  }
}

describe('the rows of an outer join are those of a map, in order, through commits, restarts and crashes', () => {
  test('with room for all', () => compareWithMap(1, { longestValue: 80, memoryBytes: 1 << 20, maxDirtyRows: 1000 }))
  test('with room for a few values', () =>
    compareWithMap(2, { longestValue: 800, memoryBytes: 12_000, maxDirtyRows: 1000 }))
  test('with few changes that may wait', () =>
    compareWithMap(3, { longestValue: 80, memoryBytes: 1 << 20, maxDirtyRows: 4 }))
})
