import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { Program } from '../support/process'

const ROOT = resolve(__dirname, '../..')
const BIN = join(ROOT, 'dist/cli/bin.js')

describe('the binary as it is built', () => {
  let folder: string
  let probe: string

  beforeAll(() => {
    const { status, stderr } = spawnSync(process.execPath, ['.config/prepare.mjs'], { cwd: ROOT, encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
    folder = mkdtempSync(join(tmpdir(), 'millrace-binary-'))
    probe = join(folder, 'probe.cjs')
    writeFileSync(
      probe,
      `process.on('exit', () => require('fs').writeFileSync(${JSON.stringify(join(folder, 'loaded'))}, JSON.stringify(Object.keys(require.cache))))`,
    )
  }, 300_000)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** The files that a command line has loaded, from the root of the package. */
  const loadedBy = (...args: string[]): string[] => {
    const { status, stderr } = spawnSync(process.execPath, ['--require', probe, BIN, ...args], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    if (status !== 0) throw new Error(stderr)
    const files = JSON.parse(readFileSync(join(folder, 'loaded'), 'utf8')) as string[]
    return files.filter((file) => file !== probe).map((file) => relative(ROOT, file).replaceAll('\\', '/'))
  }

  it('runs by its own first line', () => {
    expect(readFileSync(BIN, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    const { bin } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { bin: Record<string, string> }
    expect(resolve(ROOT, bin.millrace!)).toBe(BIN)
  })

  it.each([['--help'], ['lag', '--help'], ['reset', '--help']])('loads no dependency for %s', (...args) => {
    expect(loadedBy(...args)).toEqual(['dist/cli/bin.js', 'dist/millrace.js'])
  })

  const onLinux = process.platform === 'linux' ? it : it.skip
  onLinux('ends with one line of error where its output can not be written', () => {
    const full = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(process.execPath, [BIN, '--help'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    })
    closeSync(full)
    expect(status).toBe(1)
    expect(stderr).toMatch(/^millrace: standard output can't be written: ENOSPC.*\n$/)
  })

  it('ends with Ctrl+C while it waits for an instance that does not answer, and reports no error', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const program = new Program(process.execPath, [BIN, 'query', `127.0.0.1:${port}`, 'counts'])
    const [socket] = (await once(server, 'connection')) as [Socket]
    process.kill(program.pid, 'SIGINT')
    expect(await program.end()).toBe(130)
    expect(program.output).toBe('')
    socket.destroy()
    server.close()
  })

  it('ends quietly when nobody reads its results or its errors any longer', async () => {
    for (const args of [['--help'], ['nope']]) {
      const child = spawn(process.execPath, [BIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
      child.stdout.destroy()
      child.stderr.destroy()
      expect(await once(child, 'exit')).toEqual([0, null])
    }
  })

  it('loads neither Kafka nor LevelDB for what needs neither', () => {
    const files = loadedBy(
      'plan',
      'lib/cli/templates/app/topology.txt.template',
      'lib/cli/templates/app/topology.txt.template',
    )
    expect(files.filter((file) => /kafkajs|level/.test(file))).toEqual([])
  })
})
