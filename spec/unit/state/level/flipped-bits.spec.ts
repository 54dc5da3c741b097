import { cp, open as openFile, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { StreamsError } from '../../../../lib/errors'
import { silentLogger } from '../../../../lib/observe/logger'
import { openDatabase } from '../../../../lib/state/level/level-database'
import { levelEngine } from '../../../../lib/state/level/level-engine'
import type { StateEngine, TaskDatabase } from '../../../../lib/state/state-engine'
import { collect } from '../../../contract/stores/store-task'
import { temporaryFolder } from '../temporary-folder'

const SEEDS = 60
const KEYS = 2000
const CHANGELOG = 'app-s-changelog-0'
const COMMITS = 4

const folder = temporaryFolder()
const intact = () => join(folder.path, 'intact')
const damaged = () => join(folder.path, '0_0')

const keyOf = (i: number) => Buffer.from(`customer-${i}`)
/** Half of it compresses well. */
const valueOf = (i: number, commit: number) =>
  Buffer.from(`${commit}:${i}:`.padEnd(60, 'x') + String(Math.sin(i + commit)).repeat(3))

/** Small buffers, so that little data fills several tables on two levels. */
const SMALL = { writeBufferBytes: 64 << 10 }

const open = (directory: string, engine: StateEngine, logger = silentLogger) =>
  engine.open({ directory, taskId: '0_0', stores: [{ name: 's', logged: true }], logger })

const random = (seed: number) => (): number => {
  seed = (seed * 48_271) % 2_147_483_647
  return seed / 2_147_483_647
}

beforeEach(async () => {
  const database = await open(intact(), levelEngine(SMALL))
  for (let commit = 0; commit < COMMITS; commit++) {
    for (let i = 0; i < KEYS; i++) database.stores.get('s')!.put(keyOf(i), valueOf(i, commit))
    database.seal()
    await database.commit(new Map([[CHANGELOG, commit]]))
  }
  await database.close()
})

const flipBit = async (directory: string, next: () => number): Promise<string> => {
  const tables = (await readdir(directory)).filter((file) => file.endsWith('.ldb')).sort()
  const table = tables[Math.floor(next() * tables.length)]!
  const file = await openFile(join(directory, table), 'r+')
  const at = Math.floor(next() * (await file.stat()).size)
  const byte = Buffer.alloc(1)
  await file.read(byte, 0, 1, at)
  byte[0]! ^= 1 << Math.floor(next() * 8)
  await file.write(byte, 0, 1, at)
  await file.close()
  return `bit flipped at ${at} of ${table}`
}

interface Reads {
  /** Never written under this key. */
  readonly invented: string[]
  /** Of an earlier commit, or not there. */
  readonly outdated: string[]
  readonly refused: number
}

const isRefused = (error: unknown): boolean => error instanceof StreamsError && error.code === 'STATE_STORE_DAMAGED'

/** By key, the value of each commit. */
const WRITTEN = Array.from({ length: KEYS }, (_, i) =>
  Array.from({ length: COMMITS }, (_, commit) => valueOf(i, commit).toString()),
)

/** Reads every key on its own, and all of them in one scan. */
const readAll = async (database: TaskDatabase): Promise<Reads> => {
  const store = database.stores.get('s')!
  const invented: string[] = []
  const outdated: string[] = []
  let refused = 0
  const check = (i: number, value: Buffer | null, how: string) => {
    const commit = value === null ? -1 : WRITTEN[i]!.indexOf(value.toString())
    if (commit === -1 && value !== null) invented.push(`${how} ${i}: ${value.toString()}`)
    else if (commit !== COMMITS - 1) outdated.push(`${how} ${i}: ${commit}`)
  }
  for (let i = 0; i < KEYS; i++) {
    try {
      check(i, store.get(keyOf(i)), 'get')
    } catch (error) {
      if (!isRefused(error)) throw error
      refused++
    }
  }
  try {
    const entries = new Map((await collect(store.scan({}))).map(([key, value]) => [key.toString(), value]))
    for (let i = 0; i < KEYS; i++) {
      const key = keyOf(i).toString()
      check(i, entries.get(key) ?? null, 'scan')
      entries.delete(key)
    }
    for (const key of entries.keys()) invented.push(`scan: ${key}`)
  } catch (error) {
    if (!isRefused(error)) throw error
    refused++
  }
  return { invented, outdated, refused }
}

test('a bit flipped in a table on disk: the database is set aside, or every read is right', async () => {
  let setAside = 0
  for (let seed = 1; seed <= SEEDS; seed++) {
    await rm(damaged(), { recursive: true, force: true })
    await cp(intact(), damaged(), { recursive: true })
    const where = await flipBit(damaged(), random(seed * 7919))
    const reports: string[] = []
    const logger = { ...silentLogger, error: (_fields: object, message: string) => void reports.push(message) }
    const database = await open(damaged(), levelEngine(), logger)
    if (reports.length > 0) {
      setAside++
      expect({ where, offsets: database.offsets }).toEqual({ where, offsets: new Map() })
      expect(await collect(database.stores.get('s')!.scan({}))).toEqual([])
    } else {
      expect({ where, offsets: database.offsets, ...(await readAll(database)) }).toEqual({
        where,
        offsets: new Map([[CHANGELOG, COMMITS - 1]]),
        invented: [],
        outdated: [],
        refused: 0,
      })
    }
    await database.close()
  }
  // what is left are bits between the footer's fields
  expect(setAside).toBeGreaterThan(SEEDS * 0.95)
})

test('a bit flipped in a table on disk is found before only the offsets are read: LevelDB compacts what it opens', async () => {
  const engine = levelEngine()
  const readOffsets = async (directory: string): Promise<ReadonlyMap<string, number>> => {
    const database = await engine.open({ directory, taskId: '0_0', stores: [], logger: silentLogger })
    await database.close()
    return database.offsets
  }
  expect(await readOffsets(intact())).toEqual(new Map([[CHANGELOG, COMMITS - 1]]))
  for (let seed = 1; seed <= SEEDS / 6; seed++) {
    await rm(damaged(), { recursive: true, force: true })
    await cp(intact(), damaged(), { recursive: true })
    const where = await flipBit(damaged(), random(seed * 7919))
    expect({ where, offsets: await readOffsets(damaged()) }).toEqual({ where, offsets: new Map() })
  }
})

test('what was found intact for its offsets is checked again by a later open', async () => {
  const engine = levelEngine()
  await (await open(intact(), engine)).close()
  await (await engine.open({ directory: intact(), taskId: '0_0', stores: [], logger: silentLogger })).close()
  await (await open(intact(), engine)).close()
  await flipBit(intact(), random(7919))
  const database = await open(intact(), engine)
  expect(database.offsets).toEqual(new Map())
  await database.close()
})

test('a bit flipped while the database is open: no read gives a value that was never written under its key', async () => {
  let refused = 0
  for (let seed = 1; seed <= SEEDS / 3; seed++) {
    await rm(damaged(), { recursive: true, force: true })
    await cp(intact(), damaged(), { recursive: true })
    const database = await open(damaged(), levelEngine({ verifyOnOpen: false }))
    const where = await flipBit(damaged(), random(seed * 7919))
    const reads = await readAll(database).catch((error: unknown) => {
      throw new Error(where, { cause: error })
    })
    expect({ where, invented: reads.invented }).toEqual({ where, invented: [] })
    if (reads.refused > 0) refused++
    await database.close()
    if (reads.refused > 0) await expect(stat(damaged())).rejects.toMatchObject({ code: 'ENOENT' })
  }
  expect(refused).toBeGreaterThan(0)
})

test('an entry that is found under another key, or in another store, does not match its checksum', async () => {
  const engine = levelEngine()
  const options = { directory: damaged(), taskId: '0_0', logger: silentLogger }
  const stores = ['a', 'b'].map((name) => ({ name, logged: true }))
  const database = await engine.open({ ...options, stores })
  for (const { name } of stores) database.stores.get(name)!.put(Buffer.from('k'), Buffer.from('v'))
  database.seal()
  await database.commit(new Map())
  await database.close()

  const level = await openDatabase(damaged())
  const [first, second] = await level.iterator({ gte: Buffer.from([0, 1]), lt: Buffer.from([0, 3]) }).all()
  await level.put(second![0], first![1])
  await level.put(Buffer.concat([first![0], Buffer.from('2')]), first![1])
  await level.close()
  const swapped = await engine.open({ ...options, stores })
  const damage = expect.objectContaining({ code: 'STATE_STORE_DAMAGED' })
  expect(swapped.stores.get('a')!.get(Buffer.from('k'))).toEqual(Buffer.from('v'))
  expect(() => swapped.stores.get('b')!.get(Buffer.from('k'))).toThrow(damage)
  expect(() => swapped.stores.get('a')!.get(Buffer.from('k2'))).toThrow(damage)
  await swapped.close()
})
