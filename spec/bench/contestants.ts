import { execFile } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'
import { compileJava, startJava } from '../support/kafka-broker'
import { onProcessEnd } from '../support/kafka/watchdog'
import { App, Program } from '../support/process'
import type { Workload } from './workload'

export type Contestant = 'java' | 'millrace' | 'quix' | 'ceiling'

const ROOT = resolve(__dirname, '..', '..')
const JAVA = join(__dirname, 'java')
const AVRO = join(JAVA, 'avro')
const QUIX = join(__dirname, 'quix')

/** Java warns in any normal run: of names that are generated, of topics that are not known at once. */
const QUIET_JAVA = '-Dorg.slf4j.simpleLogger.defaultLogLevel=error'

const run = promisify(execFile)

/**
 * Java's programs compiled, and ours transpiled into a folder in which the built millrace is installed: it runs what users
 * run. State directories are below it, too.
 */
export class Contestants {
  private readonly folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  private readonly callOff = onProcessEnd('sleep 1; rm -rf "$1"', this.folder)
  private readonly classpath = [this.folder]
  private readonly python = join(this.folder, 'quix', 'bin', 'python')

  /** Avro's jar is fetched where a workload needs it, and Quix Streams where it takes part. */
  async prepare(workloads: readonly Workload[], withQuix = false): Promise<void> {
    if (withQuix) await this.installQuix()
    await compileJava(javaIn(JAVA), this.folder)
    if (workloads.some(({ schemas }) => schemas !== undefined)) {
      this.classpath.push(await this.fetchAvro())
      await compileJava(javaIn(AVRO), this.folder, this.classpath)
    }
    mkdirSync(join(this.folder, 'node_modules'))
    for (const name of readdirSync(join(ROOT, 'node_modules'))) this.link(join(ROOT, 'node_modules', name), name)
    this.link(ROOT, 'millrace')
    this.transpile(join('spec', 'differential', 'random.ts'))
    // of the sources, what the benchmark itself needs: the applications import the built package
    for (const folder of ['lib', join('spec', 'bench')]) {
      for (const file of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
        if (/(?<!\.spec)\.ts$/.test(file)) this.transpile(join(folder, file))
      }
    }
  }

  newStateDir(): string {
    return mkdtempSync(join(this.folder, 'state-'))
  }

  start(contestant: Contestant, workload: Workload, env: Readonly<Record<string, string>>): Promise<Program> {
    if (contestant === 'java') {
      const options = { classpath: this.classpath, jvmArgs: [QUIET_JAVA], env }
      return startJava('Bench', [workload.java], options)
    }
    if (contestant === 'quix') {
      const args = [join(QUIX, 'bench.py'), workload.quix!]
      return Promise.resolve(new Program(this.python, args, { env, cwd: this.folder }))
    }
    const program = contestant === 'ceiling' ? `ceilings/${workload.run.kind}` : 'app'
    const file = join(this.folder, 'spec', 'bench', `${program}.js`)
    return Promise.resolve(new App(file, { args: [workload.name], env, cwd: this.folder }))
  }

  close(): void {
    this.callOff()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private link(target: string, name: string): void {
    symlinkSync(target, join(this.folder, 'node_modules', name), 'junction')
  }

  private transpile(file: string): void {
    const { outputText } = transpileModule(readFileSync(join(ROOT, file), 'utf8'), {
      compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022, esModuleInterop: true },
    })
    const target = join(this.folder, file.replace(/\.ts$/, '.js'))
    mkdirSync(dirname(target), { recursive: true })
    writeFileSync(target, outputText)
  }

  private async installQuix(): Promise<void> {
    await run('python3', ['-m', 'venv', join(this.folder, 'quix')])
    await run(this.python, ['-m', 'pip', 'install', '--quiet', '-r', join(QUIX, 'requirements.txt')])
  }

  /** Maven keeps what it has fetched once. */
  private async fetchAvro(): Promise<string> {
    const folder = join(this.folder, 'avro')
    mkdirSync(folder)
    copyFileSync(join(AVRO, 'pom.xml'), join(folder, 'pom.xml')) // Maven writes beside the pom
    const goal = ['dependency:copy-dependencies', '-DincludeArtifactIds=avro', `-DoutputDirectory=${folder}`]
    await run('mvn', ['-q', '-B', '-f', join(folder, 'pom.xml'), ...goal])
    return join(folder, '*')
  }
}

const javaIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.java'))
    .map((file) => join(folder, file))
