import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'
import { compileJava, runJava } from '../support/kafka-broker'
import { onProcessEnd } from '../support/kafka/watchdog'
import { App } from '../support/process'

/** What one run of a benchmark's program, Java's or ours, says of itself. */
export interface Measurement {
  readonly count: number
  readonly seconds: number
  readonly cpuSeconds: number
  readonly maxRssMb: number
}

export type Environment = Readonly<Record<string, string>>
export type Contestant = 'java' | 'millrace'

const RUN_TIMEOUT_MS = 600_000

/** Java's programs compiled, and ours as a project of its own in which millrace is installed: it runs the built package. */
export class Contestants {
  private readonly folder = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  private readonly callOff = onProcessEnd('sleep 1; rm -rf "$1"', this.folder)

  async prepare(): Promise<void> {
    const javaFolder = join(__dirname, 'java')
    await compileJava(
      readdirSync(javaFolder).map((file) => join(javaFolder, file)),
      this.folder,
    )
    mkdirSync(join(this.folder, 'node_modules'))
    symlinkSync(resolve(__dirname, '..', '..'), join(this.folder, 'node_modules', 'millrace'), 'junction')
    const appsFolder = join(__dirname, 'apps')
    for (const file of readdirSync(appsFolder)) {
      const { outputText } = transpileModule(readFileSync(join(appsFolder, file), 'utf8'), {
        compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 },
      })
      writeFileSync(join(this.folder, basename(file, '.ts') + '.js'), outputText)
    }
  }

  /** A Java program that only prepares something. */
  async java(mainClass: string, args: readonly (string | number)[], env: Environment): Promise<void> {
    await runJava(mainClass, args.map(String), { classpath: [this.folder], env })
  }

  /** Both have a state directory of their own, empty at first and removed at the end. */
  async run(
    contestant: Contestant,
    program: { java: string; millrace: string },
    env: Environment,
  ): Promise<Measurement> {
    const stateDir = mkdtempSync(join(this.folder, 'state-'))
    const environment = { ...env, STATE_DIR: stateDir }
    try {
      const output =
        contestant === 'java'
          ? await runJava(program.java, [], { classpath: [this.folder], env: environment, timeoutMs: RUN_TIMEOUT_MS })
          : await this.runOurs(program.millrace, environment)
      const line = output.split('\n').find((candidate) => candidate.startsWith('{"count"'))
      if (line === undefined) throw new Error(`${contestant} printed no measurement:\n${output}`)
      return JSON.parse(line) as Measurement
    } finally {
      rmSync(stateDir, { recursive: true, force: true })
    }
  }

  close(): void {
    this.callOff()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private async runOurs(program: string, env: Environment): Promise<string> {
    const app = new App(join(this.folder, `${program}.js`), { env, cwd: this.folder })
    const timer = setTimeout(() => void app.kill(), RUN_TIMEOUT_MS)
    try {
      const end = await app.end()
      if (end !== 0) throw new Error(`millrace ended with ${end}:\n${app.output}`)
      return app.output
    } finally {
      clearTimeout(timer)
    }
  }
}
