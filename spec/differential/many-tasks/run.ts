import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ProcessingGuarantee, KafkaStreams, serdes } from '../../../lib'
import { EmbeddedKafka } from '../../../lib/embedded'
import type { Serde } from '../../../lib/serdes/serde'
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
}

export const deploymentOf = ({ seed }: Program): Deployment => {
  const random = new Random(seed + 1_000_003)
  return {
    partitions: random.between(2, 4),
    guarantee: random.pick(['at_least_once', 'exactly_once']),
    instances: [random.between(1, 3), random.between(1, 3)],
    keepsState: random.chance(0.5),
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
      const stateOf = (instance: number): string => join(folder, deployment.keepsState ? '' : `${i}`, `${instance}`)
      const apps = Array.from({ length: deployment.instances[i]! }, (_, instance) =>
        start(program, deployment, kafka, stateOf(instance)),
      )
      const exactlyOnce = deployment.guarantee === 'exactly_once'
      const workedOff = untilWorkedOff(client, 'app', { inputs, exactlyOnce, pollMs: 20 })
      await Promise.race([workedOff, ...apps.map(({ failed }) => failed)])
      await Promise.all(apps.map(({ app }) => app.close()))
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

const start = (
  program: Program,
  { guarantee }: Deployment,
  kafka: EmbeddedKafka,
  stateDir: string,
): { app: KafkaStreams; failed: Promise<never> } => {
  const app = new KafkaStreams(interpret(program), {
    applicationId: 'app',
    kafka,
    stateDir,
    processingGuarantee: guarantee,
    defaultKeySerde: serdes.string() as Serde<unknown>,
    defaultValueSerde: serdes.string() as Serde<unknown>,
    statestoreCacheMaxBytes: program.config.cache,
    commitInterval: 20,
    lingerMs: 1,
    heartbeatInterval: 50,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  })
  const failed = new Promise<never>((_, reject) => app.once('error', reject))
  failed.catch(() => {})
  return { app, failed: Promise.race([failed, app.start().then(() => failed)]) }
}
