import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { compileJava, jdk, kafkaClasspath } from '../support/kafka/java'
import { onProcessEnd } from '../support/kafka/watchdog'
import type { Program, Result } from './program'

/** Java's test driver keeps some of the memory of every program. */
const PROGRAMS_PER_PROCESS = 150

interface Waiting {
  readonly resolve: (result: Result) => void
  readonly reject: (error: Error) => void
}

/** Java's test driver in a process of its own, one for many programs. */
export class JavaDriver {
  private process: JavaProcess | undefined
  private programs = 0

  private constructor(
    private readonly folder: string,
    private readonly classpath: string,
    private readonly callOff: () => void,
  ) {}

  static async start(): Promise<JavaDriver> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-differential-'))
    const callOff = onProcessEnd('rm -rf "$1"', folder)
    const sources = readdirSync(join(__dirname, 'java'), { recursive: true, encoding: 'utf8' })
    const files = sources.filter((name) => name.endsWith('.java')).map((name) => join(__dirname, 'java', name))
    await compileJava(files, folder)
    return new JavaDriver(folder, [folder, await kafkaClasspath()].join(delimiter), callOff)
  }

  run(program: Program): Promise<Result> {
    if (this.programs++ % PROGRAMS_PER_PROCESS === 0) {
      // what it was given already it finishes
      void this.process?.end()
      this.process = new JavaProcess(this.classpath, join(this.folder, `state-${this.programs}`))
    }
    return this.process!.run(program)
  }

  async stop(): Promise<void> {
    await this.process?.end()
    this.callOff()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

class JavaProcess {
  private readonly java: ChildProcessWithoutNullStreams
  private readonly waiting: Waiting[] = []
  private readonly closed: Promise<void>

  constructor(classpath: string, stateDir: string) {
    const options = ['-Xmx1g', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=off']
    this.java = spawn(jdk('java'), [...options, '-cp', classpath, 'Differential', stateDir])
    const callOff = onProcessEnd('kill -9 "$1"', String(this.java.pid))
    createInterface({ input: this.java.stdout }).on('line', (line) =>
      this.waiting.shift()!.resolve(JSON.parse(line) as Result),
    )
    let complaints = ''
    this.java.stderr.on('data', (data: Buffer) => (complaints = (complaints + data.toString()).slice(-4_000)))
    this.java.stdin.on('error', () => {})
    this.closed = new Promise((resolve) => {
      this.java.once('close', () => {
        callOff()
        for (const { reject } of this.waiting.splice(0)) reject(new Error(`Java has ended: ${complaints}`))
        resolve()
      })
    })
  }

  run(program: Program): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.java.stdin.write(`${JSON.stringify(program)}\n`)
    })
  }

  async end(): Promise<void> {
    this.java.stdin.end()
    await this.closed
  }
}
