import { optional, options as optionsOf, requireArgument } from '../../arguments'
import type { ProducerSettings } from '../../config/client-config'
import type { ResolvedConfig } from '../../config/config'
import type { TopologyDefinition } from '../../topology/definition'
import { DEFAULT_PRODUCER_LINGER, KafkaProducer, PRODUCER_KINDS, type ProducerOptions } from './kafka-producer'
import type { ProducerTopics } from './record-producer'
import { TopicFormats } from './topic-formats'

const OPTIONS = optional(optionsOf<ProducerOptions>(PRODUCER_KINDS))

/** Makes the producers of an application, and closes them with it. */
export class ApplicationProducers {
  private readonly producers: KafkaProducer[] = []

  constructor(
    private readonly config: ResolvedConfig,
    private readonly topology: TopologyDefinition,
    /** The application's own. */
    private readonly settings: ProducerSettings = {},
  ) {}

  make<Topics extends ProducerTopics>(options: ProducerOptions<Topics>): KafkaProducer<Topics> {
    requireArgument(options, OPTIONS, 'producer', 'options')
    const { applicationId, kafka, clientId, logger } = this.config
    const topics = options.topics ?? ({} as Topics)
    const settings = { ...this.settings, linger: DEFAULT_PRODUCER_LINGER, ...options.producer } as const
    const producer = new KafkaProducer<Topics>(
      { ...options, kafka, topics, logger, producer: settings },
      {
        clientId: clientId ?? `${applicationId}-producer`,
        name: applicationId,
        formats: new TopicFormats(topics, this.config, this.topology),
      },
    )
    this.producers.push(producer)
    return producer
  }

  async close(timeoutMs: number): Promise<boolean> {
    const inTime = await Promise.all(this.producers.map((producer) => producer.close({ timeout: timeoutMs })))
    return inTime.every(Boolean)
  }
}
