import { EmbeddedKafka } from '../../../lib/kafka/memory'
import type { Admin, KafkaClient } from '../../../lib/kafka/port'
import type { KafkaClientSetup } from '../../../lib/testing/contracts/kafka/kafka-client-setup'

export class MemoryKafka implements KafkaClientSetup {
  readonly name = 'memory'
  private readonly embedded = new EmbeddedKafka()
  private readonly sharedAdmin = this.embedded.client().admin()
  private clients: KafkaClient[] = []
  private names = 0

  async stop(): Promise<void> {
    await this.embedded.close()
  }

  client(): KafkaClient {
    const client = this.embedded.client()
    this.clients.push(client)
    return client
  }

  admin(): Admin {
    return this.sharedAdmin
  }

  uniqueName(prefix: string): string {
    return `${prefix}-${++this.names}`
  }

  async createTopic(partitions = 1, configs: Record<string, string> = {}): Promise<string> {
    const topic = this.uniqueName('topic')
    await this.embedded.createTopic(topic, partitions, configs)
    return topic
  }

  createCompactedTopic(partitions = 1): Promise<string> {
    return this.createTopic(partitions, { 'cleanup.policy': 'compact' })
  }

  compact(topic: string): Promise<void> {
    return this.embedded.compact(topic)
  }

  async closeClients(): Promise<void> {
    const { clients } = this
    this.clients = []
    await Promise.all(clients.map((client) => client.close()))
  }
}
