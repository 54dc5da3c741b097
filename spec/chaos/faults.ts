import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaCluster } from '../support/kafka-broker'
import { flip, truncate, wipe } from './damage'
import type { EventTopic } from './event-topic'
import type { Instance } from './instance'
import type { Network } from './network'
import type { Ending, Fault, FaultKind, InstanceFault, Lane, StateFault } from './plan'

export interface FaultTargets {
  readonly cluster: KafkaCluster
  readonly instances: readonly Instance[]
  readonly networks: readonly Network[]
  readonly events: EventTopic
  say(text: string): void
}

/** Does what the plan says, and undoes it. */
export class Faults {
  readonly done = new Map<FaultKind, number>()
  /** Ids. */
  readonly brokersAway = new Set<number>()

  constructor(private readonly targets: FaultTargets) {}

  /** Resolves when the last fault of every lane is undone. Where a lane fails, the others end after their present fault. */
  async run(plan: readonly Lane[]): Promise<void> {
    const start = performance.now()
    const failing = new AbortController()
    const lanes = plan.map((lane) =>
      this.runLane(lane, start, failing.signal).catch((error: unknown) => {
        failing.abort()
        throw error
      }),
    )
    await Promise.allSettled(lanes)
    await Promise.all(lanes)
  }

  private async runLane({ name, faults, lastAt }: Lane, start: number, failing: AbortSignal): Promise<void> {
    // a slow machine takes longer to undo a fault: the pauses after it stay, so that what it broke can recover
    let late = 0
    for (const [i, fault] of faults.entries()) {
      if (fault.at + late > lastAt) {
        return this.say(`${name}: no time is left for ${faults.length - i} of ${faults.length} faults`)
      }
      const wait = Math.max(0, fault.at + late - (performance.now() - start))
      await sleep(wait, undefined, { signal: failing }).catch(() => {})
      if (failing.aborted) return
      await this.do(fault)
      late = Math.max(0, performance.now() - start - fault.at - fault.ms)
      this.done.set(fault.kind, (this.done.get(fault.kind) ?? 0) + 1)
    }
  }

  private async do(fault: Fault): Promise<void> {
    const { instances, networks } = this.targets
    switch (fault.kind) {
      case 'kill':
      case 'close':
      case 'wipe':
      case 'truncate':
      case 'flip':
        return this.restart(fault, instances[fault.instance - 1]!)
      case 'stop':
        return this.stop(fault.ms, instances[fault.instance - 1]!)
      case 'cut':
        for (const number of fault.instances) {
          this.say(`instance ${number}: ${networks[number - 1]!.cut()} connections cut`)
        }
        return
      case 'stall': {
        const network = networks[fault.instance - 1]!
        this.say(`instance ${fault.instance}: connections to broker ${fault.brokers.join(', ')} stalled`)
        network.stall(fault.brokers)
        await sleep(fault.ms)
        network.heal()
        return this.say(`instance ${fault.instance}: connections healed after ${fault.ms} ms`)
      }
      case 'broker':
        return this.withoutBrokers([fault.broker], fault.by, fault.ms)
      case 'outage':
        return this.withoutBrokers(
          this.targets.cluster.brokers.map(({ id }) => id),
          'SIGKILL',
          fault.ms,
        )
      case 'topic':
        return this.recreateTopic(fault.ms)
    }
  }

  private async restart(fault: InstanceFault | StateFault, instance: Instance): Promise<void> {
    if (fault.kind === 'kill' || ('by' in fault && fault.by === 'SIGKILL')) {
      await instance.kill()
      this.say(`${instance.name}: killed`)
    } else {
      this.say(`${instance.name}: closing`)
      this.say(`${instance.name}: ${await instance.close()}`)
    }
    if (fault.kind === 'wipe') this.say(`${instance.name}: ${wipe(instance.stateDir)}`)
    if (fault.kind === 'truncate') this.say(`${instance.name}: ${truncate(instance.stateDir, fault.seed)}`)
    if (fault.kind === 'flip') this.say(`${instance.name}: ${flip(instance.stateDir, fault.seed)}`)
    await sleep(fault.ms)
    instance.start()
    this.say(`${instance.name}: started`)
  }

  private async stop(ms: number, instance: Instance): Promise<void> {
    if (!instance.stop()) return this.say(`${instance.name}: does not run, so that it can't be stopped`)
    this.say(`${instance.name}: stopped`)
    await sleep(ms)
    instance.resume()
    this.say(`${instance.name}: resumed after ${ms} ms`)
  }

  private async withoutBrokers(ids: readonly number[], by: Ending, ms: number): Promise<void> {
    const brokers = this.targets.cluster.brokers.filter(({ id }) => ids.includes(id))
    for (const { id } of brokers) this.brokersAway.add(id)
    this.say(`broker ${ids.join(', ')}: ${by}`)
    await Promise.all(brokers.map((broker) => (by === 'SIGKILL' ? broker.kill() : broker.stop())))
    await sleep(ms)
    await Promise.all(brokers.map((broker) => broker.start()))
    for (const { id } of brokers) this.brokersAway.delete(id)
    this.say(`broker ${ids.join(', ')}: started`)
  }

  private async recreateTopic(ms: number): Promise<void> {
    const { events } = this.targets
    await events.delete()
    this.say(`events: topic deleted after ${events.life} lives`)
    await sleep(ms)
    await events.create()
    this.say('events: topic created again')
  }

  private say(text: string): void {
    this.targets.say(text)
  }
}
