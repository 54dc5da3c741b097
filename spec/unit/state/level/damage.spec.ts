import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { silentLogger } from '../../../../lib/observe/logger'
import { levelEngine } from '../../../../lib/state/level/level-engine'
import { TaskStorage } from '../../../../lib/state/task-storage'
import { collect } from '../../../contract/stores/store-task'
import { temporaryFolder } from '../temporary-folder'

const folder = temporaryFolder()
const directory = () => join(folder.path, '0_0')
const OFFSET = 'app-s-changelog-0'

const reports: { fields: Record<string, unknown>; message: string }[] = []
const logger = {
  ...silentLogger,
  error: (fields: object, message: string) => void reports.push({ fields: fields as Record<string, unknown>, message }),
}
afterEach(() => reports.splice(0))

const open = (engine = levelEngine()) =>
  TaskStorage.open({
    engine,
    directory: directory(),
    taskId: '0_0',
    stores: [{ name: 's', persistent: true, changelogTopic: 'app-s-changelog' }],
    logger,
  })

const COMMITS = 50
const PER_COMMIT = 1000

/**
 * Half of the commits lie in one table, which LevelDB writes before it opens again, the others in the write-ahead log. Both halves are smaller
 * than a write buffer: a larger one would be written in the background, or not at all if the database is closed before, and its file ignored.
 */
const fill = async () => {
  await commits(0, COMMITS / 2)
  await commits(COMMITS / 2, COMMITS)
  expect(await files(/\.ldb$/)).toHaveLength(1)
  expect(await files(/\.log$/)).toHaveLength(1)
}

const commits = async (from: number, to: number) => {
  const state = await open()
  for (let commit = from; commit < to; commit++) {
    for (let i = 0; i < PER_COMMIT; i++)
      state.bytes('s').put(Buffer.from(`${commit}-${i}`), Buffer.alloc(200, `${Math.random()}`))
    state.seal()
    await state.commit(new Map([[OFFSET, commit]]))
  }
  await state.close()
}

const files = async (pattern: RegExp) =>
  (await readdir(directory())).filter((file) => pattern.test(file)).map((file) => join(directory(), file))

const overwrite = async (file: string, at: number, length: number) => {
  const bytes = await readFile(file)
  for (let i = 0; i < length; i++) bytes[at + i]! ^= 0xff
  await writeFile(file, bytes)
}

const last = async (pattern: RegExp) => (await files(pattern)).pop()!

const damages: [string, () => Promise<void>][] = [
  ['CURRENT is gone', async () => rm(await last(/^CURRENT$/))],
  ['CURRENT is empty', async () => truncate(await last(/^CURRENT$/))],
  ['the manifest is gone', async () => rm(await last(/^MANIFEST/))],
  ['the manifest is overwritten', async () => overwrite(await last(/^MANIFEST/), 8, 20)],
  ['a table is gone', async () => rm(await last(/\.ldb$/))],
  ['a table is cut short', async () => truncate(await last(/\.ldb$/), 100_000)],
  ['a table is overwritten in the middle', async () => overwrite(await last(/\.ldb$/), 300_000, 300_000)],
  ['the log is overwritten in the middle', async () => overwrite(await last(/\.log$/), 40_000, 40)],
]

test.each(damages)('%s: found when the task opens, set aside, reported, and started empty', async (_name, damage) => {
  await fill()
  await damage()
  const state = await open()
  expect(state.changelogOffsets()).toEqual(new Map())
  expect(await collect(state.bytes('s').scan({}))).toEqual([])
  expect(reports).toHaveLength(1)
  const { fields, message } = reports[0]!
  expect(fields).toMatchObject({ taskId: '0_0', directory: directory() })
  expect(message).toContain('the state of task 0_0 is damaged')
  expect(basename(fields['setAside'] as string)).toMatch(/^0_0\.damaged-/)
  expect((await readdir(fields['setAside'] as string)).length).toBeGreaterThan(1)

  state.bytes('s').put(Buffer.from('k'), Buffer.from('v'))
  state.seal()
  await state.commit(new Map([[OFFSET, 1]]))
  await state.close()
  const again = await open()
  expect(again.changelogOffsets()).toEqual(new Map([[OFFSET, 1]]))
  await again.close()
  expect(reports).toHaveLength(1)
})

test('damage found by a read is set aside when the task closes', async () => {
  await fill()
  await overwrite(await last(/\.ldb$/), 300_000, 300_000)
  const state = await open(levelEngine({ verifyOnOpen: false }))
  const readAll = () => {
    for (let commit = 0; commit < COMMITS; commit++) {
      for (let i = 0; i < PER_COMMIT; i++) state.bytes('s').get(Buffer.from(`${commit}-${i}`))
    }
  }
  expect(readAll).toThrow(
    expect.objectContaining({ code: 'STATE_STORE_DAMAGED', location: { taskId: '0_0', store: 's' } }),
  )
  await expect(collect(state.bytes('s').scan({}))).rejects.toMatchObject({ code: 'STATE_STORE_DAMAGED' })
  expect(reports).toEqual([])
  await state.close()
  expect(reports).toHaveLength(1)
  const again = await open()
  expect(again.changelogOffsets()).toEqual(new Map())
  await again.close()
})

test('a log cut off at its end, as a crash may leave it, is no damage: the last commit is missing as a whole', async () => {
  await fill()
  const log = await last(/\.log$/)
  await truncate(log, (await stat(log)).size - 1000)
  const state = await open()
  expect(reports).toEqual([])
  const offset = state.changelogOffsets().get(OFFSET)!
  expect(offset).toBe(COMMITS - 2)
  for (let commit = 0; commit < COMMITS; commit++) {
    expect(state.bytes('s').get(Buffer.from(`${commit}-${PER_COMMIT - 1}`)) !== null).toBe(commit <= offset)
  }
  await state.close()
})

test('only the latest damaged folder of a task is kept', async () => {
  for (let i = 0; i < 3; i++) {
    const state = await open()
    await state.close()
    await rm(await last(/^MANIFEST/))
  }
  await (await open()).close()
  expect((await readdir(folder.path)).filter((name) => name.startsWith('0_0.damaged-'))).toHaveLength(1)
})
