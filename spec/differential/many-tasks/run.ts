import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ProcessingGuarantee, KafkaStreams, serdes } from '../../../lib'
import { EmbeddedKafka } from '../../../lib/embedded'
import type { Serde } from '../../../lib/serdes/serde'
import { silentLogger } from '../../../lib/observe/logger'
import { readTopics, untilWorkedOff } from '../../support/topics'
import { interpret } from '../interpret'
import { readable, runMillrace } from '../millrace'
import type { Input, Program } from '../program'
import { Random } from '../random'
import { type Outcome, outcomeOf } from './outcome'

/** How a program is run as an application. */
export interface Deployment {
  readonly partitions: number
  readonly guarantee: ProcessingGuarantee
  /** Before the restart and after it. */
  readonly instances: readonly [number, number]
  /** The local state is still there after the restart. */
  readonly keepsState: boolean
  /** After so many milliseconds each, one more instance joins, and the oldest one leaves. */
  readonly replacements: readonly number[]
}

export const deploymentOf = ({ seed }: Program): Deployment => {
  const random = new Random(seed + 1_000_003)
  return {
    partitions: random.between(2, 4),
    guarantee: random.pick(['at_least_once', 'exactly_once']),
    instances: [random.between(1, 3), random.between(1, 3)],
    keepsState: random.chance(0.5),
    replacements: random.chance(0.5) ? [] : Array.from({ length: random.between(1, 3) }, () => random.between(0, 80)),
  }
}

/** In the test driver, where one task does it all. */
export const runInOneTask = async (program: Program): Promise<Outcome> => {
  const { restartAt: _, ...withoutRestart } = program
  const { records, refused, failed } = await runMillrace(withoutRestart)
  if (refused !== undefined || failed !== undefined) throw new Error(refused ?? failed?.message)
  return outcomeOf(program, (topic) => (records?.[topic] ?? []).map(([, key, value]) => [key, value]))
}

/** In instances of an application on an embedded Kafka, with a task for each partition. */
export const runInManyTasks = async (program: Program, deployment: Deployment): Promise<Outcome> => {
  const inputs = topicsOf(program, 'stream', 'table')
  const outputs = topicsOf(program, 'to')
  const { partitions } = deployment
  const kafka = new EmbeddedKafka({
    topics: Object.fromEntries([...inputs, ...outputs].map((topic) => [topic, partitions])),
  })
  const folder = mkdtempSync(join(tmpdir(), 'millrace-tasks-'))
  const restartAt = program.restartAt ?? program.inputs.length
  const parts = [program.inputs.slice(0, restartAt), program.inputs.slice(restartAt)]
  const client = kafka.client()
  try {
    for (const [i, part] of parts.entries()) {
      if (part.length === 0) continue
      for (const input of part) await produce(kafka, input)
      const stateDir = join(folder, deployment.keepsState ? '' : `${i}`)
      const instances = new Instances(program, deployment, kafka, stateDir)
      for (let count = deployment.instances[i]!; count > 0; count--) instances.add()
      const replaced = replace(instances, deployment.replacements)
      const exactlyOnce = deployment.guarantee === 'exactly_once'
      await Promise.race([
        instances.failed,
        replaced.then(() => instances.failed),
        untilWorkedOff(client, 'app', { inputs, exactlyOnce, pollMs: 20 }),
      ])
      await Promise.race([instances.failed, replaced])
      await instances.close()
    }
    const records = await readTopics(client, outputs)
    const shown = (bytes: string | null): string | null =>
      readable(bytes === null ? null : Buffer.from(bytes, 'latin1'))
    return outcomeOf(program, (topic) => records.get(topic)!.map(({ key, value }) => [shown(key), shown(value)]))
  } finally {
    await kafka.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const topicsOf = ({ ops }: Program, ...calls: string[]): string[] =>
  ops.filter(({ op }) => calls.includes(op)).flatMap(({ topic, topics }) => topics ?? topic!)

const produce = async (kafka: EmbeddedKafka, input: Input): Promise<void> => {
  if (typeof input === 'number') return
  const [topic, key, value, timestamp] = input
  await kafka.produce(topic, [{ key, value, timestamp }])
}

const replace = async (instances: Instances, delays: readonly number[]): Promise<void> => {
  for (const delay of delays) {
    await sleep(delay)
    instances.add()
    await instances.closeOldest()
  }
}

/** Running instances of a program's application. */
class Instances {
  /** Rejects when one of them fails. */
  readonly failed: Promise<never>
  private readonly apps: KafkaStreams[] = []
  private started = 0
  private fail!: (error: unknown) => void

  constructor(
    private readonly program: Program,
    private readonly deployment: Deployment,
    private readonly kafka: EmbeddedKafka,
    private readonly folder: string,
  ) {
    this.failed = new Promise<never>((_, reject) => (this.fail = reject))
    this.failed.catch(() => {})
  }

  add(): void {
    const app = new KafkaStreams(interpret(this.program), {
      applicationId: 'app',
      kafka: this.kafka,
      stateDir: join(this.folder, `${this.started++}`),
      processingGuarantee: this.deployment.guarantee,
      defaultKeySerde: serdes.string() as Serde<unknown>,
      defaultValueSerde: serdes.string() as Serde<unknown>,
      statestoreCacheMaxBytes: this.program.config.cache,
      commitInterval: 20,
      lingerMs: 1,
      heartbeatInterval: 50,
      logger: silentLogger,
    })
    this.apps.push(app)
    app.once('error', this.fail)
    // closed before it ran is no failure
    app.start().catch((error: unknown) => this.apps.includes(app) && this.fail(error))
  }

  async closeOldest(): Promise<void> {
    await this.apps.shift()?.close()
  }

  async close(): Promise<void> {
    await Promise.all(this.apps.splice(0).map((app) => app.close()))
  }
}
