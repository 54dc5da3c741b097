import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import ts from 'typescript'
import { ENTRY_POINTS } from '../support/entry-points'

const ROOT = resolve(__dirname, '..', '..')
const ENTRIES = ENTRY_POINTS.map(({ name }) => name)
/** Imports every entry point. */
const IMPORTS = ENTRIES.map((entry, i) => `import * as entry${i} from '${entry}'; export { entry${i} }`).join('\n')
const MINUTES = 60_000
const MEBIBYTE = 1024 * 1024
const REPOSITORY = 'https://github.com/millrace/millrace'

const isWithin = (folder: string, file: string): boolean => !relative(folder, file).startsWith('..') && existsSync(file)

const node = (cwd: string, ...args: string[]): string =>
  execFileSync(process.execPath, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

const npm = (cwd: string, ...args: string[]): string =>
  execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32',
  })

const script = (cwd: string, path: string, ...args: string[]): string => {
  try {
    return node(cwd, path, ...args)
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${path} ${args.join(' ')}:\n${stdout}${stderr}`, { cause: error })
  }
}

/** A program of the repository's own development dependencies. */
const tool = (cwd: string, path: string, ...args: string[]): string =>
  script(cwd, join(ROOT, 'node_modules', path), ...args)

/** As `npm pack --json` prints it. */
interface Packed {
  filename: string
  /** Of the tarball, in bytes. */
  size: number
  unpackedSize: number
  files: { path: string }[]
}

interface Lockfile {
  packages: Record<string, { hasInstallScript?: boolean }>
}

describe('the package as npm packs it', () => {
  let folder: string
  let packed: Packed
  let tarball: string
  let project: string
  /** The package as it is installed. */
  let installed: string

  beforeAll(() => {
    node(ROOT, '.config/prepare.mjs')
    folder = mkdtempSync(join(tmpdir(), 'millrace-package-'))
    ;[packed] = JSON.parse(npm(ROOT, 'pack', '--json', '--ignore-scripts', '--pack-destination', folder)) as [Packed]
    tarball = join(folder, packed.filename)
    project = join(folder, 'project')
    installed = join(project, 'node_modules', 'millrace')
    mkdirSync(project)
    writeFileSync(join(project, 'package.json'), '{ "name": "project", "private": true }')
    npm(project, 'install', tarball, '--no-audit', '--no-fund', '--prefer-offline')
  }, 5 * MINUTES)

  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const run = (file: string, source: string): string => {
    writeFileSync(join(project, file), source)
    return node(project, file)
  }

  it.each(ENTRIES)('gives the same objects of %s to import and to require', (entry) => {
    const printed = run(
      'same.mjs',
      `import * as esm from '${entry}'
       import { createRequire } from 'node:module'
       const cjs = createRequire(import.meta.url)('${entry}')
       const names = Object.keys(cjs)
       console.log(JSON.stringify({
         names: names.length,
         missing: names.filter((name) => esm[name] !== cjs[name]),
         more: Object.keys(esm).filter((name) => !(name in cjs)),
       }))`,
    )
    const { names, missing, more } = JSON.parse(printed) as { names: number; missing: string[]; more: string[] }
    expect(names).toBeGreaterThan(0)
    expect({ missing, more }).toEqual({ missing: [], more: [] })
  })

  const wordCount = `
    const builder = new StreamsBuilder()
    builder
      .stream('lines', { key: serdes.string(), value: serdes.string() })
      .flatMapValues((line) => line.split(' '))
      .groupBy((word) => word)
      .count('counts')
      .toStream()
      .to('counts', { key: serdes.string(), value: serdes.long() })`
  const drive = `
    const main = async () => {
      const driver = new TopologyTestDriver(builder.build())
      await driver.inputTopic('lines', { key: serdes.string(), value: serdes.string() }).pipe('k', 'to be or not to be')
      const counts = driver.outputTopic('counts', { key: serdes.string(), value: serdes.long() }).readKeyValues()
      console.log(JSON.stringify(counts.at(-1)))
      await driver.close()
    }
    main()`

  it('counts words in an ES module', () => {
    const imports = `import { serdes, StreamsBuilder } from 'millrace'
      import { TopologyTestDriver } from 'millrace/testing'`
    expect(run('app.mjs', imports + wordCount + drive)).toBe('["be",2]\n')
  })

  it('counts words in CommonJS', () => {
    const imports = `const { serdes, StreamsBuilder } = require('millrace')
      const { TopologyTestDriver } = require('millrace/testing')`
    expect(run('app.cjs', imports + wordCount + drive)).toBe('["be",2]\n')
  })

  /** What a CommonJS module prints as JSON: files, from the folder of all packages. */
  const filesOf = (file: string, source: string): string[] =>
    (JSON.parse(run(file, source)) as string[])
      .map((path) => path.replaceAll('\\', '/'))
      .filter((path) => path.includes('/node_modules/'))
      .map((path) => path.slice(path.lastIndexOf('/node_modules/') + '/node_modules/'.length))

  it.each(ENTRIES)('loads no dependency by an import of %s, and all of its own modules from one file', (entry) => {
    const files = filesOf(
      'loaded.cjs',
      `require('${entry}'); console.log(JSON.stringify(Object.keys(require.cache)))`,
    ).filter((file) => !/^millrace\/dist\/([\w/]+\/)?(index|embedded)\.js$/.test(file))
    expect(files).toEqual(['millrace/dist/millrace.js'])
  })

  it.each(ENTRIES)('has an import of %s scan no more than a wrapper for the names of exports', (entry) => {
    const printed = run(
      'scanned.mjs',
      `import { createRequire } from 'node:module'
       import { pathToFileURL } from 'node:url'
       const script = createRequire(import.meta.url).resolve('${entry}')
       console.log(JSON.stringify(Object.keys(await import(pathToFileURL(script).href))))`,
    )
    const names = JSON.parse(printed) as string[]
    // in the file with all modules it would find those of all entry points
    expect(names.filter((name) => name !== 'module.exports')).toEqual(['default'])
  })

  it('loads, for an application, only the connections of kafkajs, and nothing that is for some formats only', () => {
    const files = filesOf(
      'connected.cjs',
      `const { KafkaStreams, StreamsBuilder, serdes } = require('millrace')
       const builder = new StreamsBuilder()
       builder.stream('lines', { key: serdes.string(), value: serdes.string() }).to('copies')
       const quiet = () => {}
       const logger = { debug: quiet, info: quiet, error: quiet }
       const unreachable = new Promise((resolve) => (logger.warn = resolve))
       const kafka = { brokers: ['127.0.0.1:1'] }
       const streams = new KafkaStreams(builder.build(), { applicationId: 'connected', kafka, logger, stateDir: 'connected' })
       streams.start().catch(quiet)
       unreachable.then(() => streams.close()).then(() => console.log(JSON.stringify(Object.keys(require.cache))))`,
    )
    expect(files.some((file) => file.startsWith('kafkajs/src/network/'))).toBe(true)
    const optional = /^kafkajs\/src\/(producer|consumer|admin)\/|^(@kafkajs|@bokuweb|avsc|protobufjs|ajv|csv-)/
    expect(files.filter((file) => optional.test(file))).toEqual([])
  })

  it("goes into an application's own file by a bundler, without the optional packages", () => {
    const imports = `import { serdes, StreamsBuilder } from 'millrace'
      import { TopologyTestDriver } from 'millrace/testing'
      import 'millrace/http'\n`
    writeFileSync(join(project, 'bundled.mjs'), imports + wordCount + drive)
    const options = [
      '--bundle',
      '--platform=node',
      '--external:classic-level',
      '--log-override:require-resolve-not-external=silent',
    ]
    const esbuild = join(ROOT, 'node_modules/.bin/esbuild')
    const shell = process.platform === 'win32'
    execFileSync(esbuild, ['bundled.mjs', ...options, '--outfile=bundled.cjs'], { cwd: project, stdio: 'pipe', shell })
    expect(node(project, 'bundled.cjs')).toBe('["be",2]\n')
    if (shell) return // the shell of Windows takes no line breaks
    // as docs/deployment.md has it
    const banner = `--banner:js=import { createRequire } from 'node:module'
      const require = createRequire(import.meta.url), __dirname = import.meta.dirname`
    const module = [...options, '--format=esm', banner, '--outfile=as-module.mjs']
    execFileSync(esbuild, ['bundled.mjs', ...module], { cwd: project, stdio: 'pipe' })
    expect(node(project, 'as-module.mjs')).toBe('["be",2]\n')
  })

  it('gives classes the names by which they are exported', () => {
    const printed = run(
      'names.cjs',
      `const named = ${JSON.stringify(ENTRIES)}.flatMap((entry) => Object.entries(require(entry)))
       const classes = named.filter(([, value]) => /^class\\b/.test(String(value)))
       console.log(JSON.stringify({ count: classes.length, wrong: classes.filter(([name, value]) => value.name !== name).map(([name]) => name) }))`,
    )
    const { count, wrong } = JSON.parse(printed) as { count: number; wrong: string[] }
    expect(count).toBeGreaterThan(20)
    expect(wrong).toEqual([])
  })

  it('does not let internals be imported', () => {
    const file = 'internals.cjs'
    const printed = run(
      file,
      `for (const path of ['millrace/dist/index.js', 'millrace/lib/index.ts', 'millrace/kafka/port'])
         try { require(path); console.log(path) } catch (error) { console.log(error.code) }`,
    )
    expect(printed).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n'.repeat(3))
  })

  it('has types that hold in a strict project, in modules of both kinds (.mts, .cts)', () => {
    const files = ['typed.mts', 'typed.cts']
    const source = `import { serdes, StreamsBuilder, type KStream } from 'millrace'
       import { TopologyTestDriver } from 'millrace/testing'
       import { EmbeddedKafka } from 'millrace/embedded'
       const builder = new StreamsBuilder()
       const lengths: KStream<string, number> = builder
         .stream('lines', { key: serdes.string(), value: serdes.string() })
         .mapValues((line) => line.length)
       // @ts-expect-error a number is no string
       const wrong: KStream<string, string> = lengths
       export { EmbeddedKafka, TopologyTestDriver, wrong }`
    for (const file of files) writeFileSync(join(project, file), source)
    typeCheck(files, '--module', 'nodenext')
  })

  it('has types for a project that resolves modules as Node 10 did, without "exports"', () => {
    const file = 'node10.ts'
    writeFileSync(join(project, file), IMPORTS)
    typeCheck([file], '--module', 'commonjs', '--moduleResolution', 'node10', '--ignoreDeprecations', '6.0')
  })

  it('has types for the oldest TypeScript that the documentation promises', () => {
    const documented = readFileSync(join(ROOT, 'docs', 'getting-started.md'), 'utf8')
    const oldest = /TypeScript (\d+\.\d+) or newer/.exec(documented)![1]!
    const compiler = join(folder, 'oldest-typescript')
    npm(folder, 'install', `typescript@${oldest}`, '--prefix', compiler, '--no-audit', '--no-fund', '--prefer-offline')
    const file = 'oldest.ts'
    writeFileSync(join(project, file), IMPORTS)
    typeCheckWith(join(compiler, 'node_modules'), [file], '--module', 'nodenext')
  })

  const typeCheck = (files: readonly string[], ...options: string[]): void => {
    typeCheckWith(join(ROOT, 'node_modules'), files, ...options)
  }

  const typeCheckWith = (modules: string, files: readonly string[], ...options: string[]): void => {
    const strict = ['--strict', '--noEmit', '--target', 'es2022', '--lib', 'es2023,esnext.disposable']
    const types = ['--typeRoots', join(ROOT, 'node_modules', '@types'), '--types', 'node']
    script(project, join(modules, 'typescript', 'bin', 'tsc'), ...strict, ...types, ...options, ...files)
  }

  // Parallel compilers check declarations in any order, and infer variance from what they see first.
  it('has variance annotations that hold whichever declaration is checked first', () => {
    const types = join(installed, 'dist')
    const annotated = readdirSync(types, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.d.ts'))
      .map((file) => join(types, file))
      .filter((file) => /<(?:in|out) \w+/.test(readFileSync(file, 'utf8')))
    expect(annotated.length).toBeGreaterThan(0)
    const options: ts.CompilerOptions = {
      ...{
        module: ts.ModuleKind.NodeNext,
        target: ts.ScriptTarget.ES2022,
        lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
      },
      ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true },
      ...{ typeRoots: [join(ROOT, 'node_modules', '@types')], types: ['node'] },
    }
    let program: ts.Program | undefined
    const errors = annotated.flatMap((file) => {
      program = ts.createProgram([join(types, 'index.d.ts')], options, undefined, program)
      return program.getSemanticDiagnostics(program.getSourceFile(file))
    })
    expect(errors.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([])
  })

  it('is clean by publint and by "are the types wrong"', () => {
    tool(ROOT, 'publint/src/cli.js', 'run', tarball, '--strict')
    // Resolution as of Node 10 finds the types; to run, millrace needs Node 20.
    tool(ROOT, '@arethetypeswrong/cli/dist/index.js', tarball, '--profile', 'node16')
  })

  it('installs little, and no install script that compiles or downloads', () => {
    const { packages } = JSON.parse(readFileSync(join(project, 'package-lock.json'), 'utf8')) as Lockfile
    const paths = Object.keys(packages).filter((path) => path !== '')
    expect(paths.length).toBeLessThanOrEqual(45)
    // the one finds the prebuilt LevelDB, the other (of the schema registry's client) warns of mixed versions
    expect(paths.filter((path) => packages[path]?.hasInstallScript)).toEqual([
      'node_modules/classic-level',
      'node_modules/protobufjs',
    ])
  })

  it('has the build, its sources, the documents and nothing else', () => {
    const roots = new Set(packed.files.map(({ path }) => path.split('/')[0]))
    expect([...roots].sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'lib', 'package.json'])
  })

  it('stays small: a quarter of it is what runs, the rest types, maps and sources', () => {
    expect(packed.size).toBeLessThan(2 * MEBIBYTE)
    expect(packed.unpackedSize).toBeLessThan(8.5 * MEBIBYTE)
  })

  it('maps each script and each declaration to a source that is in the package', () => {
    const files = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' })
    const mapped = files.filter((file) => file === 'millrace.js' || file.endsWith('.d.ts'))
    expect(mapped.length).toBeGreaterThan(100)
    const broken = mapped.filter((file) => {
      const path = join(installed, 'dist', file)
      const url = /\n\/\/# sourceMappingURL=(\S+)\s*$/.exec(readFileSync(path, 'utf8'))?.[1]
      if (url === undefined) return true
      const { sources } = JSON.parse(readFileSync(join(dirname(path), url), 'utf8')) as { sources: string[] }
      const files = sources.filter((source) => source !== '<stdin>') // the table of entry points is generated
      return files.length === 0 || !files.every((source) => isWithin(installed, resolve(dirname(path), source)))
    })
    expect(broken).toEqual([])
  })

  it('shows lines of its sources in stack traces with --enable-source-maps', () => {
    const source = `const { KafkaStreams, StreamsBuilder } = require('millrace')
      try { new KafkaStreams(new StreamsBuilder().build(), {}) } catch (error) { console.log(error.stack) }`
    const file = join(project, 'trace.cjs')
    writeFileSync(file, source)
    expect(node(project, '--enable-source-maps', file)).toMatch(/millrace\/lib\/[\w/-]+\.ts:\d+:\d+/)
  })

  it('says where it lives, and where to report a bug', () => {
    const { homepage, repository, bugs } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
      homepage: string
      repository: { url: string }
      bugs: string
    }
    expect(repository.url).toBe(`git+${REPOSITORY}.git`)
    expect(homepage).toBe(`${REPOSITORY}#readme`)
    expect(bugs).toBe(`${REPOSITORY}/issues`)
  })
})
