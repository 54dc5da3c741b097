import { KafkaStreams, serdes } from '../../../lib'
import type { KafkaConnection } from '../../../lib/kafka/client'
import { partitionFor } from '../../../lib/bytes/murmur2'
import { type KafkaClient } from '../../../lib/kafka/port'
import { silentLogger } from '../../../lib/observe/logger'
import type { Serde } from '../../../lib/serdes/serde'
import { readTopics, untilWorkedOff } from '../../support/topics'
import { interpret } from '../interpret'
import { readable } from '../millrace'
import type { Input, Program } from '../program'
import type { Deployment } from './deployment'
import type { Written } from './outcome'
import { NO_HEADERS } from '../../../lib/record/headers'

export interface ApplicationOptions {
  readonly program: Program
  readonly deployment: Deployment
  readonly kafka: KafkaConnection
  readonly client: KafkaClient
  /** Its topics begin with it, too. */
  readonly id: string
}

/** A program as an application on Kafka: its topics and its instances. */
export class Application {
  /** Rejects when an instance fails. */
  readonly failed: Promise<never>
  private readonly program: Program
  private readonly instances: KafkaStreams[] = []
  private fail!: (error: unknown) => void

  constructor(private readonly options: ApplicationOptions) {
    this.program = { ...options.program, ops: options.program.ops.map((op) => this.withItsTopics(op)) }
    this.failed = new Promise<never>((_, reject) => (this.fail = reject))
    this.failed.catch(() => {})
  }

  async createTopics(): Promise<void> {
    const { client, deployment } = this.options
    const admin = client.admin()
    const topics = this.topicsOf('stream', 'table', 'to')
    await admin.createTopics(topics.map((topic) => ({ topic, partitions: deployment.partitions })))
    await admin.close()
  }

  async produce(inputs: readonly Input[]): Promise<void> {
    const producer = this.options.client.producer({})
    await producer.init()
    await producer.loadTopics(this.topicsOf('stream', 'table'))
    for (const [i, input] of inputs.entries()) {
      if (typeof input === 'number') continue
      const [topic, key, value, timestamp] = [this.named(input[0]), bytes(input[1]), bytes(input[2]), input[3]]
      const partitions = producer.partitionCount(topic)!
      const partition = key === null ? i % partitions : partitionFor(key, partitions)
      producer.append(topic, partition, key, value, timestamp, NO_HEADERS)
    }
    await producer.flush()
    await producer.close()
  }

  addInstance(stateDir: string): void {
    const { id, kafka, deployment } = this.options
    const instance = new KafkaStreams(interpret(this.program), {
      applicationId: id,
      kafka,
      stateDir,
      processingGuarantee: deployment.guarantee,
      defaultKeySerde: serdes.string() as Serde<unknown>,
      defaultValueSerde: serdes.string() as Serde<unknown>,
      statestoreCacheMaxBytes: this.program.config.cache,
      commitInterval: 20,
      producer: { linger: 1 },
      heartbeatInterval: 50,
      logger: silentLogger,
    })
    this.instances.push(instance)
    instance.once('error', this.fail)
    // closed before it ran is no failure
    instance.start().catch((error: unknown) => this.instances.includes(instance) && this.fail(error))
  }

  async closeOldestInstance(): Promise<void> {
    await this.instances.shift()?.close()
  }

  async closeInstances(): Promise<void> {
    await Promise.all(this.instances.splice(0).map((instance) => instance.close()))
  }

  async untilWorkedOff(): Promise<void> {
    const { client, id, deployment } = this.options
    const exactlyOnce = deployment.guarantee === 'exactly_once'
    await untilWorkedOff(client, id, { inputs: this.topicsOf('stream', 'table'), exactlyOnce, pollMs: 20 })
  }

  /** By the names of the program's output topics; the records of a key are in order. */
  async written(): Promise<ReadonlyMap<string, readonly Written[]>> {
    const records = await readTopics(this.options.client, this.topicsOf('to'))
    const shown = (text: string | null): string | null => readable(text === null ? null : Buffer.from(text, 'latin1'))
    return new Map(
      [...records].map(([topic, all]) => [
        topic.slice(this.named('').length),
        all.map(({ key, value }) => [shown(key), shown(value)] as const),
      ]),
    )
  }

  async close(): Promise<void> {
    await this.closeInstances()
    const { client, id } = this.options
    const admin = client.admin()
    const topics = await admin.listTopics()
    await admin.deleteTopics(topics.filter((topic) => topic.startsWith(id)))
    await admin.close()
  }

  private topicsOf(...calls: string[]): string[] {
    return this.program.ops.filter(({ op }) => calls.includes(op)).flatMap(({ topic, topics }) => topics ?? topic!)
  }

  private withItsTopics({ topic, topics, ...op }: Program['ops'][number]): Program['ops'][number] {
    return {
      ...op,
      ...(topic !== undefined && { topic: this.named(topic) }),
      ...(topics !== undefined && { topics: topics.map((each) => this.named(each)) }),
    }
  }

  private named(topic: string): string {
    return `${this.options.id}.${topic}`
  }
}

const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text))
