import { EmbeddedKafka } from '../kafka/memory'
import type { KafkaClient } from '../kafka/port'

/** Larger than any record. */
export const TOPIC_CONFIG = { 'max.message.bytes': '2147483647' }

/**
 * Where records are sent to a topic that no file was given for, it comes into being, and keeps nothing: dead letters, and what a
 * `TopicNameExtractor` chooses.
 */
export class FileRunKafka extends EmbeddedKafka {
  /** `isInternal`: such topics are created by the application, with the configs that they need. */
  constructor(private readonly isInternal: (topic: string) => boolean) {
    super()
  }

  override client(): KafkaClient {
    const client = super.client()
    const producerOf = client.producer.bind(client)
    client.producer = (config) => {
      const producer = producerOf(config)
      const load = producer.loadTopics.bind(producer)
      producer.loadTopics = async (topics) => {
        for (const topic of topics) {
          if (!this.isInternal(topic)) await this.createTopic(topic, 1, { ...TOPIC_CONFIG, 'retention.bytes': '1' })
        }
        await load(topics)
      }
      return producer
    }
    return client
  }
}
