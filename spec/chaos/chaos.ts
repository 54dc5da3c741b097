import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../lib/kafka/client'
import type { Admin, KafkaClient } from '../../lib/kafka/port'
import { tpKey } from '../../lib/record/topic-partition'
import { silentLogger } from '../../lib/observe/logger'
import { type KafkaCluster, startKafka } from '../support/kafka-broker'
import { readTopics } from '../support/topics'
import { EventTopic } from './event-topic'
import { Faults } from './faults'
import { Instance } from './instance'
import { Journal } from './journal'
import { type Content, Load, SOURCES } from './load'
import { Network } from './network'
import { BROKERS, type FaultKind, INSTANCES, planOf, SESSION_MS } from './plan'
import { ProgressWatch } from './progress'
import { Tail } from './tail'
import { workloadNamed } from './workloads'
import { type Logs, PARTITIONS, tally, type Workload } from './workloads/workload'

export interface ChaosOptions {
  /** How long faults happen; starting before and checking after it take half a minute or more. */
  readonly minutes: number
  readonly seed: number
  readonly faults: readonly FaultKind[]
  readonly workloads: readonly string[]
  /** Keep the folder with the logs of instances and brokers even if nothing fails. */
  readonly keep?: boolean
  print(line: string): void
}

/** All that failed; none is success. */
export const runChaos = async (options: ChaosOptions): Promise<readonly string[]> => {
  const journal = new Journal(options.print)
  const folder = mkdtempSync(join(tmpdir(), 'millrace-chaos-'))
  let cluster: KafkaCluster | undefined
  let run: ChaosRun | undefined
  try {
    journal.say(`starting three brokers; the instances log to ${folder}`)
    cluster = await startKafka({ brokers: BROKERS })
    run = await ChaosRun.prepare(options, cluster, folder, journal)
    await run.go()
  } catch (error) {
    journal.fail(`the run itself failed: ${error instanceof Error ? error.stack : String(error)}`)
  } finally {
    await run?.close()
    const keep = options.keep || journal.failures.length > 0
    if (keep) for (const broker of cluster?.brokers ?? []) await broker.keepFiles(join(folder, `broker-${broker.id}`))
    await cluster?.close()
    if (!keep) rmSync(folder, { recursive: true, force: true })
    else options.print(`logs and state of the instances, and of the brokers: ${folder}`)
  }
  return journal.failures
}

/** Before faults begin. */
const START_WITHIN_MS = 90_000
/** After faults have ended, while something still comes. */
const COMPLETE_WITHIN_MS = 180_000
const COMPLETE_SILENCE_MS = 60_000
const RESTORE_WITHIN_MS = 90_000

class ChaosRun {
  private readonly instances: Instance[] = []
  private readonly faults: Faults
  private readonly load: Load
  private readonly events: EventTopic
  private readonly tail: Tail
  private readonly watch: ProgressWatch
  private readonly hasEvents: boolean

  private constructor(
    private readonly options: ChaosOptions,
    private readonly client: KafkaClient,
    private readonly admin: Admin,
    cluster: KafkaCluster,
    private readonly networks: readonly Network[],
    private readonly workloads: readonly Workload[],
    private readonly prefix: string,
    folder: string,
    private readonly journal: Journal,
  ) {
    const { say, fail } = journal
    const { seed } = options
    const topic = (name: string): string => this.topic(name)
    const inputs = new Set(workloads.flatMap((workload) => workload.inputs))
    this.hasEvents = inputs.has('events')
    const sources = SOURCES.filter((source) => inputs.has(source.topic))
    this.load = new Load({ client, sources, seed, topic, say })
    const outputs = workloads.map(({ output }) => this.topic(output))
    this.tail = new Tail(client, outputs, say)
    const copies = (): ReturnType<Tail['of']> => this.tail.of(this.topic('copies'))
    this.events = new EventTopic({ client, admin, seed, topic, say, copies })
    const app = { workloads: workloads.map(({ name }) => name), prefix, brokers: cluster.clientConfig().brokers }
    for (const [i, network] of networks.entries()) {
      this.instances.push(new Instance({ number: i + 1, app, config: CONFIG, network, folder, fail }))
    }
    this.faults = new Faults({ cluster, instances: this.instances, networks, events: this.events, say })
    this.watch = new ProgressWatch(
      workloads.map((workload) => ({
        name: workload.name,
        outputs: () => this.tail.of(this.topic(workload.output)).length,
        inputs: () => this.acknowledgedRecords(workload),
        excused: () => this.excused(workload),
      })),
      (name, ms) => void this.stuck(name, ms),
      (name, ms) => say(`${name}: results again, after ${(ms / 1000).toFixed(0)} s`),
    )
  }

  static async prepare(
    options: ChaosOptions,
    cluster: KafkaCluster,
    folder: string,
    journal: Journal,
  ): Promise<ChaosRun> {
    const client = connect(cluster.clientConfig(), { clientId: 'chaos', logger: silentLogger })
    const admin = client.admin()
    const networks: Network[] = []
    for (let i = 0; i < INSTANCES; i++) networks.push(await Network.open(cluster.brokers))
    const workloads = options.workloads.map(workloadNamed)
    const prefix = `chaos-${options.seed}`
    const topics = new Set(workloads.flatMap(({ inputs, output }) => [...inputs, output]))
    topics.delete('events')
    await admin.createTopics([...topics].map((topic) => ({ topic: `${prefix}-${topic}`, partitions: PARTITIONS })))
    return new ChaosRun(options, client, admin, cluster, networks, workloads, prefix, folder, journal)
  }

  async go(): Promise<void> {
    const { journal } = this
    if (this.hasEvents) await this.events.create()
    this.load.start()
    for (const instance of this.instances) instance.start()
    await Promise.all(this.instances.map((instance) => instance.untilStarted(START_WITHIN_MS)))
    journal.say('all instances run, faults begin')

    const watching = setInterval(() => this.watch.tick(), 1000)
    try {
      const { seed, minutes } = this.options
      const kinds = this.options.faults.filter((kind) => kind !== 'topic' || this.hasEvents)
      await Promise.all([this.faults.run(planOf({ seed, minutes, kinds })), sleep(minutes * 60_000)])
      journal.say('faults have ended, waiting for all results')
      await this.load.stop()
      await this.events.stop()
      await this.untilComplete()
    } finally {
      clearInterval(watching)
    }

    const states = await this.restoreAll()
    await this.checkResults(states)
    await this.checkCommitted()
    this.summarize()
  }

  async close(): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.shutDown()))
    await Promise.all([this.load.stop(), this.events.stop()])
    await this.tail.close()
    await Promise.all(this.networks.map((network) => network.close()))
    await this.admin.close()
    await this.client.close()
  }

  private topic(name: string): string {
    return `${this.prefix}-${name}`
  }

  private acknowledgedRecords(workload: Workload): number {
    return workload.inputs.includes('events') ? this.events.acknowledgedRecords : this.load.acknowledgedRecords
  }

  private excused(workload: Workload): boolean {
    // with two of three brokers all partitions have a leader, and enough replicas
    if (this.faults.brokersAway.size > 1 || !this.instances.some(({ working }) => working)) return true
    return workload.inputs.includes('events') && !this.events.available
  }

  private async stuck(workload: string, ms: number): Promise<void> {
    const what = `${workload} has committed nothing for ${Math.round(ms / 1000)} s, with input to process`
    this.journal.fail(what, await this.reports())
  }

  private async reports(): Promise<string> {
    const reports = await Promise.all(this.instances.map((instance) => instance.report()))
    const tails = this.instances.map((instance) => `${instance.name} logged last:\n${instance.tail()}`)
    return [...reports, ...tails].join('\n')
  }

  /** Until the outputs have all that the inputs call for. */
  private async untilComplete(): Promise<void> {
    const { workloads, journal } = this
    const inputs = await this.readInputs()
    const missingNow = (): Array<readonly [name: string, missing: string[]]> =>
      workloads.map((workload) => [
        workload.name,
        workload.missing({ inputs, output: this.tail.of(this.topic(workload.output)) }),
      ])
    const start = performance.now()
    let fewest = Infinity
    let lastProgress = start
    for (;;) {
      const missing = missingNow()
      const all = missing.reduce((sum, [, findings]) => sum + findings.length, 0)
      if (all === 0) return journal.say('all results are there')
      const now = performance.now()
      if (all < fewest) {
        fewest = all
        lastProgress = now
      }
      if (now - lastProgress > COMPLETE_SILENCE_MS || now - start > COMPLETE_WITHIN_MS) {
        const counts = missing.map(([name, { length }]) => `${name} misses ${length}`).join(', ')
        return journal.fail(`nothing more comes, but ${counts}`, await this.reports())
      }
      await sleep(500)
    }
  }

  /** Closes all, and restores one instance from the changelogs alone; contents of its stores, by workload. */
  private async restoreAll(): Promise<Map<string, Map<string, number>>> {
    const { journal } = this
    const ends = await Promise.all(this.instances.map((instance) => instance.close()))
    journal.say(`instances: ${ends.join(', ')}; all state is deleted, and one instance restores it`)
    for (const { stateDir } of this.instances) rmSync(stateDir, { recursive: true, force: true })
    const instance = this.instances[0]!
    instance.start()
    try {
      await instance.untilStarted(RESTORE_WITHIN_MS)
      return await instance.dump()
    } catch (error) {
      journal.fail(`${instance.name} has not restored its state: ${(error as Error).message}`, instance.tail())
      return new Map()
    } finally {
      await instance.close()
    }
  }

  private async checkResults(states: ReadonlyMap<string, ReadonlyMap<string, number>>): Promise<void> {
    const { workloads, journal } = this
    const inputs = await this.readInputs()
    for (const [topic, records] of inputs) journal.check(`input ${topic}`, this.wrongInput(topic, records))
    const outputs = await readTopics(
      this.client,
      workloads.map(({ output }) => this.topic(output)),
    )
    for (const workload of workloads) {
      const logs: Logs = { inputs, output: outputs.get(this.topic(workload.output))! }
      journal.check(`${workload.name} lacks results`, workload.missing(logs))
      journal.check(`${workload.name} is wrong`, workload.wrong(logs))
      const state = states.get(workload.name)
      if (state) journal.check(`${workload.name} has restored wrong state`, workload.wrongState!(logs, state))
    }
  }

  /** What was acknowledged is in the log, once: else the test's own producer has failed, and not an application. */
  private wrongInput(topic: string, records: Logs['output']): string[] {
    const written: readonly Content[] =
      topic === 'events' ? this.events.acknowledged : this.load.acknowledged.get(topic)!
    const found = tally(records.map(({ key, value }) => `${key} ${value}`))
    const lost = written.filter(([key, value]) => !found.has(`${key} ${value}`)).map((content) => content.join(' '))
    const repeated = [...found].filter(([, times]) => times > 1).map(([content]) => content)
    return [...lost.map((content) => `${content} is lost`), ...repeated.map((content) => `${content} is there twice`)]
  }

  /** Every input is committed to its end. */
  private async checkCommitted(): Promise<void> {
    for (const { name, inputs } of this.workloads) {
      const committed = await this.admin.groupOffsets(`${this.prefix}-${name}`)
      const partitions = inputs.flatMap((input) =>
        Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: this.topic(input), partition })),
      )
      const ends = await this.admin.listOffsets(
        partitions.map((partition) => ({ ...partition, at: 'latest' as const })),
      )
      const behind = partitions.flatMap(({ topic, partition }) => {
        const key = tpKey(topic, partition)
        const [at, end] = [committed.get(key)?.offset, ends.get(key)]
        return at === end || (at === undefined && end === 0) ? [] : [`${key} is committed at ${at} of ${end}`]
      })
      this.journal.check(`${name} has not committed all`, behind)
    }
  }

  /** By short names. */
  private async readInputs(): Promise<Logs['inputs']> {
    const names = [...new Set(this.workloads.flatMap(({ inputs }) => inputs))]
    const records = await readTopics(
      this.client,
      names.map((name) => this.topic(name)),
    )
    return new Map(names.map((name) => [name, records.get(this.topic(name))!]))
  }

  private summarize(): void {
    const { journal, workloads } = this
    const done = [...this.faults.done].map(([kind, times]) => `${kind} ${times}`)
    journal.say(`faults: ${done.join(', ') || 'none'}`)
    const written = [...this.load.acknowledged].map(([topic, { length }]) => `${topic} ${length}`)
    if (this.hasEvents) written.push(`events ${this.events.acknowledgedRecords} in ${this.events.life} lives`)
    journal.say(`records written: ${written.join(', ')}`)
    for (const { name, output } of workloads) {
      const silence = (this.watch.longestMs(name) / 1000).toFixed(0)
      journal.say(`${name}: ${this.tail.of(this.topic(output)).length} results, longest silence ${silence} s`)
    }
    for (const instance of this.instances)
      for (const loss of instance.losses()) journal.say(`${instance.name}: ${loss}`)
    journal.say(`starts of instances: ${this.instances.map(({ starts }) => starts).join(', ')}`)
  }
}

/** Short times make faults dense: each is noticed, and got over, within seconds. */
const CONFIG = {
  commitInterval: 250,
  sessionTimeout: SESSION_MS,
  heartbeatInterval: 1000,
  producer: { linger: 10 },
  metadataMaxAge: '5s',
  closeTimeout: '20s',
  repartitionPurgeInterval: '10s',
  replicationFactor: BROKERS,
  topicConfig: { 'min.insync.replicas': '2' },
} as const
