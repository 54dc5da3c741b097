import { rmSync } from 'node:fs'
import type { Program } from '../../support/process'
import type { Arena } from '../arena'
import type { Contestant } from '../contestants'
import { toEnvironment } from '../environment'
import type { Usage } from '../process-stats'
import type { Settings, Workload } from '../workload'

/** One contestant's turn at a workload. */
export interface Turn {
  readonly workload: Workload
  readonly contestant: Contestant
  readonly records: number
  readonly partitions: number
  readonly settings: Settings
  readonly applicationId: string
  readonly inputPrefix: string
  /** Of a ceiling: the application whose reads and writes it repeats. */
  readonly ceilingOf?: string
}

/** What came of it. */
export interface Measured {
  /** How long the work took; of a paced run, how long it was measured. */
  readonly seconds: number
  /** Of the second half of what was read. */
  readonly warmSeconds?: number
  readonly latency?: { readonly p50: number; readonly p99: number }
  readonly usage: Usage
}

const STARTS_WITHIN_MS = 120_000
const CLOSES_WITHIN_MS = 60_000

/** The processes of a turn, which share its work. Each has a state directory of its own, which lasts until the turn ends. */
export class TurnProcesses {
  readonly programs: Program[] = []
  private readonly stateDirs: string[] = []

  constructor(
    private readonly arena: Arena,
    private readonly turn: Turn,
  ) {}

  /** Of those that are running. */
  readonly pids = (): number[] => this.programs.filter(({ running }) => running).map(({ pid }) => pid)

  /** Resolves when the first of them is at work, with the time at which it was. */
  async start(): Promise<number> {
    const { workload, contestant, settings } = this.turn
    this.programs.length = 0
    for (let i = 0; i < settings.processes; i++) {
      const stateDir = (this.stateDirs[i] ??= this.arena.contestants.newStateDir())
      const env = toEnvironment(this.arena.servers, { ...this.turn, stateDir, registry: this.arena.registry.url })
      this.programs.push(await this.arena.contestants.start(contestant, workload, env))
    }
    const running = this.programs.map(async (program) => {
      await program.untilOutput(/^RUNNING$/m, STARTS_WITHIN_MS)
      return performance.now()
    })
    return Math.min(...(await Promise.all(running)))
  }

  requireAlive(): void {
    const ended = this.programs.find(({ running }) => !running)
    if (ended) throw new Error(`${this.turn.contestant} ended before its work was done:\n${ended.output}`)
  }

  /** Lets them leave their group and close their stores. */
  async stop(): Promise<void> {
    await Promise.all(
      this.programs.map(async (program) => {
        const timer = setTimeout(() => void program.kill(), CLOSES_WITHIN_MS)
        program.endInput()
        await program.end()
        clearTimeout(timer)
      }),
    )
  }

  /** Whatever else they said: a normal run says nothing. */
  get remarks(): readonly string[] {
    const lines = this.programs.flatMap(({ output }) => output.split('\n'))
    return lines.filter((line) => line.trim() !== '' && !/^(RUNNING$|RESTORED |HALF$|DONE$)/.test(line))
  }

  async dispose(): Promise<void> {
    await Promise.all(this.programs.filter(({ running }) => running).map((program) => program.kill()))
    for (const folder of this.stateDirs) rmSync(folder, { recursive: true, force: true })
  }
}
