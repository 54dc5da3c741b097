import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Program } from '../support/process'

const ROOT = resolve(__dirname, '../..')
const MINUTES = 60_000

/** The application that `millrace new` makes, with the built package linked in place of `npm install`. */
describe('a new application', () => {
  let folder: string
  let project: string
  let app: Program | undefined

  const node = (cwd: string, args: readonly string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, args, { cwd, encoding: 'utf8' })

  const bin = (name: string): string => realpathSync(join(ROOT, 'node_modules', name))

  beforeAll(() => {
    const prepared = node(ROOT, ['.config/prepare.mjs'])
    if (prepared.status !== 0) throw new Error(prepared.stderr)
    folder = mkdtempSync(join(tmpdir(), 'millrace-scaffold-'))
    project = join(folder, 'my-app')
    const made = node(folder, [join(ROOT, 'dist/cli/bin.js'), 'new', 'my-app'])
    if (made.status !== 0) throw new Error(made.stderr)
    mkdirSync(join(project, 'node_modules/@types'), { recursive: true })
    symlinkSync(ROOT, join(project, 'node_modules/millrace'))
    for (const name of ['tsx', 'typescript', '@types/node']) symlinkSync(bin(name), join(project, 'node_modules', name))
  }, 5 * MINUTES)

  afterEach(async () => {
    if (app?.running === true) await app.kill()
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const dev = (): Program =>
    (app = new Program(process.execPath, ['--import', 'tsx', 'src/dev.ts'], { cwd: project, env: { HTTP_PORT: '0' } }))

  it('passes its type check, and builds', () => {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
    expect(node(project, [tsc, '--noEmit'])).toMatchObject({ status: 0, stdout: '' })
    expect(node(project, [tsc, '-p', 'tsconfig.build.json'])).toMatchObject({ status: 0, stdout: '' })
  })

  it('passes its test', () => {
    const { status, stdout } = node(project, ['--import', 'tsx', '--test', 'test/topology.test.ts'])
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/pass 1/) })
  })

  it('runs on a Kafka in memory', async () => {
    const app = dev()
    await app.untilOutput(/Counting the words/)
    const [address] = /http:\S+\/dashboard/.exec(app.output)!
    expect(await (await fetch(address)).text()).toContain('<title>millrace</title>')
    app.write('to be or not to be\n')
    for (const count of [/^to: 2$/m, /^be: 2$/m, /^or: 1$/m, /^not: 1$/m]) await app.untilOutput(count)
    expect(await app.stop()).toBe(0)
  })

  it('counts all that is piped in, and runs until it is told to end', async () => {
    const app = dev()
    app.write('to be or not to be\n')
    app.endInput()
    for (const count of [/^to: 2$/m, /^be: 2$/m, /^or: 1$/m, /^not: 1$/m]) await app.untilOutput(count)
    expect(await app.stop()).toBe(0)
  })

  it('has the topology in its file that the module has', () => {
    const plan = node(project, [join(ROOT, 'dist/cli/bin.js'), 'plan', 'topology.txt', 'src/topology.ts', '--json'])
    expect(JSON.parse(plan.stdout)).toMatchObject({ rollOut: 'rolling', findings: [], generatedNames: [] })
  })
})
