import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { devDependencies, version } from '../../../../package.json'
import { CommandLine } from '../../../support/command-line-interface'

describe('millrace new', () => {
  let folder: string
  let cli: CommandLine

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-new-'))
    cli = new CommandLine(undefined, { cwd: folder })
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  const filesOf = (path: string): string[] =>
    readdirSync(join(folder, path), { recursive: true, withFileTypes: true, encoding: 'utf8' })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, path).length + 1))
      .sort()

  it('makes an application with its own name and the versions that millrace is tested with', async () => {
    const { code, out } = await cli.run('new', 'my-app')
    expect(code).toBe(0)
    expect(out).toContain('  cd my-app\n  npm install\n  npm test\n  npm run dev\n')
    expect(filesOf('my-app')).toEqual([
      '.dockerignore',
      '.gitignore',
      'Dockerfile',
      'README.md',
      'compose.yaml',
      'package.json',
      'src/app.ts',
      'src/dev.ts',
      'src/topology.ts',
      'test/topology.test.ts',
      'topology.txt',
      'tsconfig.build.json',
      'tsconfig.json',
    ])
    const manifest = JSON.parse(readFileSync(join(folder, 'my-app/package.json'), 'utf8')) as Record<string, unknown>
    expect(manifest).toMatchObject({
      name: 'my-app',
      dependencies: { millrace: `^${version}` },
      devDependencies: { typescript: devDependencies.typescript, tsx: devDependencies.tsx },
    })
    const texts = filesOf('my-app').map((file) => readFileSync(join(folder, 'my-app', file), 'utf8'))
    expect(texts.filter((text) => text.includes('{{'))).toEqual([])
    expect(parse(readFileSync(join(folder, 'my-app/compose.yaml'), 'utf8'))).toMatchObject({ name: 'my-app' })
  })

  it('fills an empty folder, under the name that is given', async () => {
    mkdirSync(join(folder, 'My App'))
    expect(await cli.run('new', 'My App', '--name', 'orders')).toMatchObject({ code: 0 })
    expect(readFileSync(join(folder, 'My App/src/app.ts'), 'utf8')).toContain("env.APPLICATION_ID ?? 'orders'")
  })

  it('refuses a folder that is not empty, and names that Kafka or npm would', async () => {
    mkdirSync(join(folder, 'full'))
    writeFileSync(join(folder, 'full/file'), '')
    writeFileSync(join(folder, 'a-file'), '')
    for (const [name, message] of [
      ['full', /full is not empty/],
      ['a-file', /ENOTDIR/],
      ['My App', /'My App' is no name of an application/],
      ['.', /./],
    ] as const) {
      const { code, err } = await cli.run('new', name)
      expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(message) })
    }
    expect(filesOf('full')).toEqual(['file'])
  })
})
