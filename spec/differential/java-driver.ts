import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { compileJava, jdk, kafkaClasspath } from '../support/kafka/java'
import { onProcessEnd } from '../support/kafka/watchdog'
import type { Program, Result } from './program'

/** Java's test driver in a process of its own: one for any number of programs. */
export class JavaDriver {
  private readonly waiting: Array<{ resolve: (result: Result) => void; reject: (error: Error) => void }> = []

  private constructor(
    private readonly java: ChildProcessWithoutNullStreams,
    private readonly folder: string,
    private readonly callOff: () => void,
  ) {
    createInterface({ input: java.stdout }).on('line', (line) =>
      this.waiting.shift()!.resolve(JSON.parse(line) as Result),
    )
    let complaints = ''
    java.stderr.on('data', (data: Buffer) => (complaints = (complaints + data.toString()).slice(-4_000)))
    java.stdin.on('error', () => {})
    java.once('close', () => {
      for (const { reject } of this.waiting.splice(0)) reject(new Error(`Java has ended: ${complaints}`))
    })
  }

  static async start(): Promise<JavaDriver> {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-differential-'))
    const sources = readdirSync(join(__dirname, 'java'), { recursive: true, encoding: 'utf8' })
    await compileJava(
      sources.filter((name) => name.endsWith('.java')).map((name) => join(__dirname, 'java', name)),
      join(folder),
    )
    const args = ['-Xmx1g', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=off']
    args.push('-cp', [folder, await kafkaClasspath()].join(delimiter), 'Differential', join(folder, 'state'))
    const java = spawn(jdk('java'), args)
    return new JavaDriver(java, folder, onProcessEnd('kill -9 "$1"; rm -rf "$2"', String(java.pid), folder))
  }

  run(program: Program): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.java.stdin.write(`${JSON.stringify(program)}\n`)
    })
  }

  async stop(): Promise<void> {
    if (this.java.exitCode === null) {
      const closed = new Promise((resolve) => this.java.once('close', resolve))
      this.java.stdin.end()
      await closed
    }
    this.callOff()
    rmSync(this.folder, { recursive: true, force: true })
  }
}
