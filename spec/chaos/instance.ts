import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { bundled } from '../support/bundled'
import { App } from '../support/process'
import type { ChaosApp } from './app'
import type { Network } from './network'

export interface InstanceOptions {
  readonly number: number
  readonly app: Omit<ChaosApp, 'ports' | 'logFile' | 'config'>
  readonly config: Omit<ChaosApp['config'], 'stateDir'>
  readonly network: Network
  readonly folder: string
  /** Told when it does what nobody has asked for. */
  fail(what: string, details: string): void
}

const RESTART_AFTER_MS = 2000
/** Past the `closeTimeout` of the applications. */
const END_WITHIN_MS = 40_000
const TAIL_LINES = 40

/** A process with an instance of each application, and the machine it runs on: its state, log and network. */
export class Instance {
  readonly name: string
  readonly stateDir: string
  readonly logFile: string
  /** SIGSTOP, and no SIGCONT yet. */
  stopped = false
  starts = 0
  private reports = 0
  private app: App | undefined
  private supervising = true
  private restart: NodeJS.Timeout | undefined
  /** Ends that the harness has brought about. */
  private readonly expected = new WeakSet<App>()
  /** Those that have said why. */
  private readonly failed = new WeakSet<App>()

  constructor(private readonly options: InstanceOptions) {
    const { number, folder } = options
    this.name = `instance ${number}`
    this.stateDir = join(folder, `state-${number}`)
    this.logFile = join(folder, `instance-${number}.log`)
    mkdirSync(folder, { recursive: true })
  }

  /** Runs, and can reach all brokers that do. */
  get working(): boolean {
    return this.app !== undefined && this.app.running && !this.stopped && !this.options.network.stalled
  }

  start(): void {
    clearTimeout(this.restart)
    if (this.app?.running) return
    const { app: common, config, network } = this.options
    const settings: ChaosApp = {
      ...common,
      ports: network.ports,
      logFile: this.logFile,
      config: { ...config, stateDir: this.stateDir },
    }
    const app = new App(bundled(resolve(__dirname, 'app.ts')), { env: { CHAOS_APP: JSON.stringify(settings) } })
    this.app = app
    this.starts++
    void app.end().then((code) => this.ended(app, code))
    void this.watchFailure(app)
  }

  async untilStarted(timeoutMs: number): Promise<void> {
    await this.app?.untilOutput(/^started/m, timeoutMs)
  }

  async kill(): Promise<void> {
    clearTimeout(this.restart)
    const { app } = this
    if (!app?.running) return
    this.expected.add(app)
    await app.kill()
    this.stopped = false
  }

  /** Resolves to how it ended. An end that is late or not clean is a failure. */
  async close(): Promise<string> {
    clearTimeout(this.restart)
    const { app } = this
    if (!app?.running) return 'had ended already'
    this.expected.add(app)
    const ended = app.stop()
    const code = await Promise.race([ended, sleep(END_WITHIN_MS, 'late', { ref: false })])
    if (code === 'late') {
      this.options.fail(`${this.name} has not ended ${END_WITHIN_MS / 1000} s after SIGTERM`, this.tail())
      await app.kill()
      return 'killed'
    }
    // no handler of the signal before its code is loaded
    const early = code === 'SIGTERM' && app.output === ''
    if (code !== 0 && !this.failed.has(app) && !early) {
      this.options.fail(`${this.name} ended with ${code} after SIGTERM`, `${app.output}\n${this.tail()}`)
    }
    return /late$/m.test(app.output) ? 'ended late' : 'ended'
  }

  stop(): boolean {
    if (!this.app?.running) return false
    this.stopped = process.kill(this.app.pid, 'SIGSTOP')
    return this.stopped
  }

  resume(): void {
    this.stopped = false
    if (this.app?.running) process.kill(this.app.pid, 'SIGCONT')
  }

  /** Contents of the stores, by workload. */
  async dump(): Promise<Map<string, Map<string, number>>> {
    const file = join(this.options.folder, 'dump.json')
    this.app!.write(`dump ${file}\n`)
    const [said] = await this.app!.untilOutput(/^(dumped|not dumped: .*)/m)
    if (said !== 'dumped') throw new Error(said)
    const stores = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Array<[string, number]>>
    return new Map(Object.entries(stores).map(([name, entries]) => [name, new Map(entries)]))
  }

  /** What it is doing, by what it says itself. */
  async report(): Promise<string> {
    const { app } = this
    if (!app?.running) return `${this.name} does not run`
    if (this.stopped) return `${this.name} is stopped (SIGSTOP)`
    const request = ++this.reports
    app.write(`tasks ${request}\n`)
    const end = new RegExp(`^end of tasks ${request}$`, 'm')
    const answered = await app.untilOutput(end, 3000).then(
      () => true,
      () => false,
    )
    const lines = new RegExp(`^${request}: .*`, 'gm')
    const tasks = answered ? (app.output.match(lines) ?? []) : ['does not answer']
    const network = this.options.network.stalled ? ', its network is stalled' : ''
    return `${this.name}, pid ${app.pid}${network}:\n${tasks.map((line) => `    ${line}\n`).join('')}`
  }

  tail(): string {
    return this.logged().slice(-TAIL_LINES).join('\n')
  }

  /** What it was told of records that the brokers have lost. */
  losses(): string[] {
    return this.logged().filter((line) => line.includes('the brokers have lost records'))
  }

  /** Ends it for good. */
  async shutDown(): Promise<void> {
    this.supervising = false
    await this.kill()
  }

  private logged(): string[] {
    try {
      return readFileSync(this.logFile, 'utf8').split('\n')
    } catch {
      return []
    }
  }

  private ended(app: App, code: number | NodeJS.Signals): void {
    if (this.expected.has(app) || !this.supervising) return
    if (!this.failed.has(app)) {
      this.options.fail(`${this.name} ended by itself with ${code}`, `${app.output.slice(-4000)}\n${this.tail()}`)
    }
    this.restart = setTimeout(() => this.start(), RESTART_AFTER_MS)
  }

  /** One that has failed says so and ends soon, or it would be alive but stuck. */
  private async watchFailure(app: App): Promise<void> {
    let error: string
    try {
      ;[error] = await app.untilOutput(/^error .*/m, 2 ** 31 - 1)
    } catch {
      return // ended without
    }
    this.failed.add(app)
    this.options.fail(`${this.name} failed: ${error}`, this.tail())
    const late = await Promise.race([app.end(), sleep(END_WITHIN_MS, 'late', { ref: false })])
    if (late !== 'late' || this.expected.has(app)) return
    this.options.fail(`${this.name} has not ended ${END_WITHIN_MS / 1000} s after it failed`, this.tail())
    await app.kill()
  }
}
