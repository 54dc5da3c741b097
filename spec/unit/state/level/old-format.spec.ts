import { join } from 'node:path'
import { silentLogger } from '../../../../lib/observe/logger'
import { EntryFormat } from '../../../../lib/state/level/entry-format'
import { openDatabase } from '../../../../lib/state/level/level-database'
import { levelEngine } from '../../../../lib/state/level/level-engine'
import { collect } from '../../../contract/stores/store-task'
import { temporaryFolder } from '../temporary-folder'

const folder = temporaryFolder()
const directory = () => join(folder.path, '0_0')
const KEY = Buffer.from('k')

const reports: { level: string; message: string }[] = []
const report = (level: string) => (_fields: object, message: string) => void reports.push({ level, message })
const logger = { ...silentLogger, warn: report('warn'), error: report('error') }
afterEach(() => reports.splice(0))

const open = (...stores: { name: string; logged: boolean }[]) =>
  levelEngine().open({ directory: directory(), taskId: '0_0', stores, logger })

const double = (value: number) => {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleBE(value)
  return bytes
}
const metadataKey = (text: string) => Buffer.from(`\0\0${text}`)

/** As before entries had checksums: two stores, and an offset. */
const writeFormat1 = async () => {
  const database = await openDatabase(directory())
  await database.put(metadataKey('f'), double(1))
  await database.put(metadataKey('slogged'), double(1))
  await database.put(metadataKey('sunlogged'), double(2))
  await database.put(metadataKey('oapp-logged-changelog-0'), double(41))
  await database.put(Buffer.concat([Buffer.from([0, 1]), KEY]), Buffer.from('v'))
  await database.close()
}

test('state of an earlier format is removed, to be restored from the changelogs, with one warning', async () => {
  await writeFormat1()
  const database = await open({ name: 'logged', logged: true }, { name: 'new', logged: false })
  expect(database.offsets).toEqual(new Map())
  expect(await collect(database.stores.get('logged')!.scan({}))).toEqual([])
  expect(reports).toEqual([
    {
      level: 'warn',
      message:
        'the state of task 0_0 has format 1, of an earlier version of millrace: it was removed, and is restored from the changelogs.',
    },
  ])
  await database.close()
  await (await open({ name: 'logged', logged: true })).close()
  expect(reports).toHaveLength(1)
})

test('an earlier format with a store that has no changelog is an error, and nothing is removed', async () => {
  await writeFormat1()
  await expect(open({ name: 'logged', logged: true }, { name: 'unlogged', logged: false })).rejects.toMatchObject({
    code: 'STATE_STORE_FAILED',
    message: expect.stringMatching(/'unlogged' has no changelog.*remove the folder if these stores may start empty/),
    location: { taskId: '0_0', store: 'unlogged' },
  })
  const database = await openDatabase(directory())
  expect(await database.get(metadataKey('oapp-logged-changelog-0'))).toEqual(double(41))
  await database.close()
})

test('format 2, which had checksums, is an earlier format too', async () => {
  await (await open({ name: 'logged', logged: true }, { name: 'unlogged', logged: false })).close()
  const database = await openDatabase(directory())
  await database.put(metadataKey('f'), new EntryFormat().encode(metadataKey('f'), double(2)))
  await database.close()
  await expect(open({ name: 'unlogged', logged: false })).rejects.toMatchObject({
    code: 'STATE_STORE_FAILED',
    message: expect.stringContaining('has format 2, of an earlier version'),
  })
  await (await open({ name: 'logged', logged: true })).close()
  expect(reports).toEqual([{ level: 'warn', message: expect.stringContaining('has format 2, of an earlier version') }])
})

test('the offsets of an earlier format are not read, and its state is left alone', async () => {
  await writeFormat1()
  const database = await open()
  expect(database.offsets).toEqual(new Map())
  await database.close()
  expect(reports).toEqual([])
})

test('a newer format is an error', async () => {
  const database = await openDatabase(directory())
  await database.put(metadataKey('f'), new EntryFormat().encode(metadataKey('f'), double(4)))
  await database.close()
  await expect(open({ name: 'a', logged: true })).rejects.toMatchObject({
    code: 'STATE_STORE_FAILED',
    message: expect.stringContaining('has format 4, written by a newer version of millrace. Run that version'),
  })
})

test.each(['f', 'm'])('entries without the metadata entry %j are damage', async (kind) => {
  const database = await open({ name: 'a', logged: true })
  database.stores.get('a')!.put(KEY, Buffer.from('v'))
  database.seal()
  await database.commit(new Map([['app-a-changelog-0', 7]]))
  await database.close()
  const level = await openDatabase(directory())
  await level.del(metadataKey(kind))
  await level.close()
  const reopened = await open({ name: 'a', logged: true })
  expect(reopened.offsets).toEqual(new Map())
  expect(reports).toMatchObject([{ level: 'error', message: expect.stringContaining('is damaged') }])
  await reopened.close()
})
