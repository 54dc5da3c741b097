import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { jdk } from './java'
import { keptOfPartitions, type KafkaNode, START_TIMEOUT_MS, STARTED } from './node'
import { onProcessEnd } from './watchdog'

const run = promisify(execFile)

// Brokers of tests live for seconds: start-up counts, the last bit of throughput does not.
const QUICK_JVM = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']
/** For benchmarks: the compilers and collector that a broker has in production. */
const FULL_JVM = ['-Xmx1g', '-XX:+UseG1GC']

export interface JavaNodePlan {
  readonly id: number
  readonly classpath: string
  readonly clusterId: string
  /** Has `server.properties`; data and logs go below it. */
  readonly folder: string
  readonly formatArgs: readonly string[]
  readonly fullJvm: boolean
  /** The JVM reads its classes from here, if it exists and fits. */
  readonly classArchive: string
  /** Where the JVM writes the classes that it has loaded when it is stopped. */
  readonly archiveClassesTo: string | undefined
}

export class JavaNode implements KafkaNode {
  private child: ChildProcess | undefined
  private starts = 0
  private formatted = false

  constructor(private readonly plan: JavaNodePlan) {
    mkdirSync(plan.folder, { recursive: true })
  }

  async start(): Promise<void> {
    if (this.isRunning()) return
    await this.format()
    const logFile = this.logFile(++this.starts)
    const log = openSync(logFile, 'w')
    const { classpath, archiveClassesTo, folder } = this.plan
    const archiving = archiveClassesTo === undefined ? [] : [`-XX:ArchiveClassesAtExit=${archiveClassesTo}`]
    const child = spawn(
      jdk('java'),
      [...this.jvmArgs(), ...archiving, '-cp', classpath, 'kafka.Kafka', this.propertiesFile()],
      { stdio: ['ignore', log, log], cwd: folder },
    )
    closeSync(log)
    child.unref()
    this.child = child
    if (child.pid !== undefined) {
      const callOff = onProcessEnd('kill -9 "$1"', String(child.pid))
      child.once('exit', callOff)
    }
    await this.untilStarted(child, logFile)
  }

  stop(): Promise<void> {
    return this.end('SIGTERM')
  }

  kill(): Promise<void> {
    return this.end('SIGKILL')
  }

  remove(): Promise<void> {
    return this.kill()
  }

  async keepFiles(folder: string): Promise<void> {
    const isWanted = (file: string): boolean => statSync(file).isDirectory() || keptOfPartitions(file)
    // segments may go while they are copied
    cpSync(this.plan.folder, folder, { recursive: true, filter: (file) => existsSync(file) && isWanted(file) })
  }

  private async logTail(): Promise<string> {
    const file = this.logFile(this.starts)
    if (!existsSync(file)) return ''
    const lines = readFileSync(file, 'utf8').split('\n')
    // a broker that gives up says why, and then a lot about how it shuts down
    const reasons = lines.filter((line) => /\b(ERROR|FATAL)\b|Exception/.test(line)).slice(0, 20)
    return [...reasons, '…', ...lines.slice(-30)].join('\n')
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this
    if (!child || !this.isRunning()) return
    const exited = once(child, 'exit')
    child.ref() // else a process with nothing else to do would end before the broker has
    child.kill(signal)
    await exited
  }

  private isRunning(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null
  }

  private async format(): Promise<void> {
    if (this.formatted) return
    const { classpath, clusterId, formatArgs } = this.plan
    const args = ['format', '-t', clusterId, '-c', this.propertiesFile(), ...formatArgs]
    await run(jdk('java'), [...this.jvmArgs(), '-cp', classpath, 'kafka.tools.StorageTool', ...args])
    this.formatted = true
  }

  private async untilStarted(child: ChildProcess, logFile: string): Promise<void> {
    let failure: string | undefined
    child.once('error', (error) => (failure = error.message))
    child.once('exit', (code, signal) => (failure = `ended with ${signal ?? code}`))
    const deadline = Date.now() + START_TIMEOUT_MS
    while (!readFileSync(logFile, 'utf8').includes(STARTED)) {
      if (failure === undefined && Date.now() > deadline) failure = `not started after ${START_TIMEOUT_MS} ms`
      if (failure !== undefined) throw new Error(`Kafka node ${this.plan.id} ${failure}\n${await this.logTail()}`)
      await sleep(50)
    }
  }

  private jvmArgs(): string[] {
    const { fullJvm, classArchive } = this.plan
    const jvm = fullJvm ? FULL_JVM : QUICK_JVM
    const archived = !fullJvm && existsSync(classArchive) ? [`-XX:SharedArchiveFile=${classArchive}`] : []
    return [...jvm, ...archived, '-Djava.awt.headless=true', '-Dorg.slf4j.simpleLogger.showDateTime=true']
  }

  private propertiesFile(): string {
    return join(this.plan.folder, 'server.properties')
  }

  private logFile(start: number): string {
    return join(this.plan.folder, `broker-${start}.log`)
  }
}
