import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { defaultStateDir, StateDirectory } from '../../../lib/state/state-directory'
import { bundled } from '../../support/bundled'
import { App } from '../../support/process'
import { temporaryFolder } from './temporary-folder'

const folder = temporaryFolder()
const opened: StateDirectory[] = []
afterEach(async () => {
  for (const directory of opened.splice(0)) await directory.close()
})

const open = async (applicationId = 'app') => {
  const directory = await StateDirectory.open({ stateDir: folder.path, applicationId })
  opened.push(directory)
  return directory
}
const cleanUp = () => StateDirectory.cleanUp({ stateDir: folder.path, applicationId: 'app' })
const holder = () => new App(bundled(resolve(__dirname, 'state-directory-app.ts')), { args: [folder.path] })

test('a second instance in this process is refused, and told who has it', async () => {
  await open()
  await expect(open()).rejects.toMatchObject({
    code: 'STATE_DIRECTORY_LOCKED',
    message: expect.stringContaining(`process ${process.pid} on ${hostname()}`),
  })
  await expect(cleanUp()).rejects.toMatchObject({ code: 'STATE_DIRECTORY_LOCKED' })
})

test('a second instance in this process is refused also where it comes by a symbolic link', async () => {
  await open()
  const link = `${folder.path}-link`
  await symlink(folder.path, link)
  try {
    await expect(StateDirectory.open({ stateDir: link, applicationId: 'app' })).rejects.toMatchObject({
      code: 'STATE_DIRECTORY_LOCKED',
    })
  } finally {
    await rm(link)
  }
})

test('two applications share a stateDir', async () => {
  const [one, two] = [await open('one'), await open('two')]
  expect(one.path).not.toBe(two.path)
  expect(one.processId).not.toBe(two.processId)
})

test('an instance in another process has it until it closes', async () => {
  const app = holder()
  await app.untilOutput(/holds/)
  await expect(open()).rejects.toMatchObject({
    code: 'STATE_DIRECTORY_LOCKED',
    message: expect.stringContaining(`process ${app.pid} on`),
  })
  await expect(cleanUp()).rejects.toMatchObject({ code: 'STATE_DIRECTORY_LOCKED' })
  app.endInput()
  expect(await app.end()).toBe(0)
  await open()
  const late = holder()
  await late.untilOutput(new RegExp(`refused: the state directory .* is in use: process ${process.pid} on`))
  expect(await late.end()).toBe(1)
})

test('the lock dies with its process, and the process id stays', async () => {
  const app = holder()
  const [, processId] = await app.untilOutput(/holds (\S+)/)
  await app.kill()
  expect((await open()).processId).toBe(processId)
})

test('a damaged lock or process file keeps nobody out', async () => {
  const { processId, path } = await open()
  await opened.pop()!.close()
  for (const file of await readdir(join(path, 'lock')))
    if (file.startsWith('MANIFEST')) await rm(join(path, 'lock', file))
  await writeFile(join(path, 'process.json'), '{"processId":')
  const again = await open()
  expect(again.processId).toMatch(/^[0-9a-f-]{36}$/)
  expect(again.processId).not.toBe(processId)
})

test('a copy of a directory, here or on another machine, has a process id of its own', async () => {
  const { processId, path } = await open()
  await opened.pop()!.close()
  const copy = join(folder.path, 'copy')
  await cp(path, join(copy, 'app'), { recursive: true })
  const copied = await StateDirectory.open({ stateDir: copy, applicationId: 'app' })
  opened.push(copied)
  expect(copied.processId).not.toBe(processId)

  const file = join(path, 'process.json')
  const info = JSON.parse(await readFile(file, 'utf8')) as object
  await writeFile(file, JSON.stringify({ ...info, hostname: 'elsewhere' }))
  const moved = await open()
  expect(moved.processId).not.toBe(processId)
  await opened.pop()!.close()
  expect((await open()).processId).toBe(moved.processId)
})

test('lists the folders of tasks, in their order, and nothing else', async () => {
  const directory = await open()
  for (const name of ['10_0', '2_10', '2_9', '0_0', '0_0.damaged-now', 'global'])
    await mkdir(join(directory.path, name))
  await writeFile(join(directory.path, '0_7'), 'a file')
  expect(await directory.taskIds()).toEqual(['0_0', '2_9', '2_10', '10_0'])
  await directory.remove('2_9')
  await directory.remove('3_3')
  expect(await directory.taskIds()).toEqual(['0_0', '2_10', '10_0'])
  await expect(directory.remove('../..')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

test('cleanUp() removes all state, damaged folders and the process id', async () => {
  await cleanUp()
  const { processId, path, taskDirectory } = await open()
  await mkdir(taskDirectory.call(opened[0], '0_0'))
  await mkdir(join(path, '0_1.damaged-now'))
  await opened.pop()!.close()
  await cleanUp()
  expect(await readdir(path)).toEqual(['lock'])
  expect((await open()).processId).not.toBe(processId)
})

test('cleanUp() leaves what is not of the application', async () => {
  const { path } = await open()
  await opened.pop()!.close()
  await mkdir(join(path, 'backup'))
  await writeFile(join(path, 'notes.txt'), '')
  await cleanUp()
  expect((await readdir(path)).sort()).toEqual(['backup', 'lock', 'notes.txt'])
})

describe('a stateDir that can’t be used is an error with the cause and a next step', () => {
  const refused = (reason: RegExp) => ({
    code: 'STATE_STORE_FAILED',
    message: expect.stringMatching(
      new RegExp(`^the state directory ${path()} .*${reason.source}.*Check that \`stateDir\` is writable and the disk`),
    ),
  })
  const path = (): string => join(folder.path, 'app')

  test('where its folder is a file', async () => {
    await writeFile(path(), 'a file')
    await expect(open()).rejects.toMatchObject(refused(/EEXIST/))
  })

  test('where LevelDB can’t lock it', async () => {
    await mkdir(join(path(), 'lock/LOCK'), { recursive: true })
    await expect(open()).rejects.toMatchObject(refused(/lock\/LOCK: Is a directory/))
  })

  test('where the process can’t be registered: the lock is released', async () => {
    await mkdir(join(path(), 'process.json/in-the-way'), { recursive: true })
    await expect(open()).rejects.toMatchObject(refused(/EISDIR|ENOTEMPTY/))
    await cleanUp()
    await open()
  })
})

test('without LevelDB’s native addon, as in a bundle, the error says what is missing', async () => {
  jest.doMock('level', () => {
    throw new Error('No native build was found for platform=linux')
  })
  try {
    await expect(open()).rejects.toMatchObject({
      code: 'STATE_STORE_FAILED',
      message: expect.stringContaining('keep the package classic-level out of a bundle'),
    })
  } finally {
    jest.dontMock('level')
  }
})

test('lies in the folder for temporary files unless told otherwise', () => {
  expect(defaultStateDir()).toBe(join(tmpdir(), 'millrace'))
})
