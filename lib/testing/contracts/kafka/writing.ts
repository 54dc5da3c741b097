import type { DeliveryListener, KafkaClient, Producer, ProducerConfig } from '../../../kafka/port'
import { NO_HEADERS } from '../../../record/headers'

/** A producer that is ready to write these topics. */
export const startProducer = async (
  client: KafkaClient,
  topics: readonly string[],
  config: ProducerConfig = {},
): Promise<Producer> => {
  const producer = client.producer(config)
  await producer.init()
  await producer.loadTopics(topics)
  return producer
}

/** Appends text; `value` null is a tombstone. */
export const appendText = (
  producer: Producer,
  topic: string,
  key: string | null,
  value: string | null,
  {
    partition = 0,
    timestamp = 1_700_000_000_000,
    listener,
  }: { partition?: number; timestamp?: number; listener?: DeliveryListener } = {},
): void =>
  producer.append(
    topic,
    partition,
    key === null ? null : Buffer.from(key),
    value === null ? null : Buffer.from(value),
    timestamp,
    NO_HEADERS,
    listener,
  )

/** One transaction of text records, ended as told. */
export const transact = async (
  producer: Producer,
  topic: string,
  records: ReadonlyArray<readonly [key: string, value: string]>,
  end: 'commit' | 'abort',
  partition = 0,
): Promise<void> => {
  producer.begin()
  for (const [key, value] of records) appendText(producer, topic, key, value, { partition })
  await producer.flush()
  await producer[end]()
}
