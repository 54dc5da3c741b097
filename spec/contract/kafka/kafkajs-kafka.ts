import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createKafkaJsClient } from '../../../lib/kafka/kafkajs'
import { type Admin, type KafkaClient } from '../../../lib/kafka/port'
import { readTopic } from '../../../lib/testing/contracts/kafka/reading'
import { FILLER_KEY, type KafkaClientSetup } from '../../../lib/testing/contracts/kafka/kafka-client-setup'
import { NO_HEADERS } from '../../../lib/record/headers'

/** How long a segment takes writes before the next append opens a new one. */
const SEGMENT_MS = 50

/** The kafkajs adapter on a real broker, which other suites may use at the same time. */
export class KafkaJsKafka implements KafkaClientSetup {
  readonly name = 'kafkajs'
  private readonly run = randomBytes(4).toString('hex')
  private names = 0
  private clients: KafkaClient[] = []
  private own: KafkaClient | undefined
  private sharedAdmin: Admin | undefined

  constructor(private readonly bootstrapServers: string) {}

  async start(): Promise<void> {
    this.own = this.connect()
    this.sharedAdmin = this.own.admin()
  }

  async stop(): Promise<void> {
    await this.own?.close()
  }

  client(): KafkaClient {
    const client = this.connect()
    this.clients.push(client)
    return client
  }

  admin(): Admin {
    return this.sharedAdmin!
  }

  uniqueName(prefix: string): string {
    return `${prefix}-${this.run}-${++this.names}`
  }

  async createTopic(partitions = 1, configs: Record<string, string> = {}): Promise<string> {
    const topic = this.uniqueName('topic')
    // the cases write old timestamps: a retention check in the middle must not remove those records
    const kept = { 'retention.ms': '-1', ...configs }
    const result = (await this.admin().createTopics([{ topic, partitions, configs: kept }])).get(topic)
    if (result !== 'created') throw new Error(`topic ${topic} could not be created`, { cause: result })
    // a new topic can be written once its partitions have offsets to tell
    await this.admin().listOffsets(this.partitionsOf(topic, partitions).map((tp) => ({ ...tp, at: 'latest' as const })))
    return topic
  }

  createCompactedTopic(partitions = 1): Promise<string> {
    return this.createTopic(partitions, {
      'cleanup.policy': 'compact',
      'segment.ms': String(SEGMENT_MS),
      'min.cleanable.dirty.ratio': '0.001',
      'max.compaction.lag.ms': '100',
    })
  }

  async compact(topic: string): Promise<void> {
    const [metadata] = await this.admin().topics([topic])
    const partitions = metadata!.partitions
    await delay(2 * SEGMENT_MS)
    const producer = this.own!.producer({})
    await producer.init()
    await producer.loadTopics([topic])
    for (let partition = 0; partition < partitions; partition++) {
      producer.append(topic, partition, Buffer.from(FILLER_KEY), Buffer.from('x'), Date.now(), NO_HEADERS)
    }
    await producer.flush()
    await producer.close()
    while (!(await this.isClean(topic))) await delay(200)
  }

  async closeClients(): Promise<void> {
    const { clients } = this
    this.clients = []
    await Promise.all(clients.map((client) => client.close()))
  }

  private connect(): KafkaClient {
    return createKafkaJsClient({ clientId: 'millrace-contract', brokers: this.bootstrapServers.split(',') })
  }

  /** No key twice in a partition, aborted records included, fillers apart. */
  private async isClean(topic: string): Promise<boolean> {
    const seen = new Set<string>()
    for (const { partition, key } of await readTopic(this.own!, topic, 'read_uncommitted')) {
      const id = `${partition}/${key}`
      if (seen.has(id) && key !== FILLER_KEY) return false
      seen.add(id)
    }
    return true
  }

  private partitionsOf(topic: string, partitions: number): { topic: string; partition: number }[] {
    return Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  }
}
