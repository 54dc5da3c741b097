import type { RecordMetadata } from '../../operators/processor'
import type { Serde } from '../../serdes/serde'
import type { StreamPartitioner } from '../../topology/definition'

/** How the records of a topic are written. What is not given is taken from the topology, where there is one, then from the defaults. */
export interface ProducerTopic {
  /** Default: strings, or the application's `defaultKeySerde`. */
  readonly key?: Serde<unknown>
  /** Default: JSON, or the application's `defaultValueSerde`. */
  readonly value?: Serde<unknown>
  /** Default: murmur2 of the key's bytes, as every Kafka client does it; records without a key go anywhere. */
  readonly partitioner?: StreamPartitioner<never, never>
}

/** The topics of a producer by their names: they give `send` its types. */
export type ProducerTopics = Readonly<Record<string, ProducerTopic>>

/** The type of a topic's keys: strings unless its serde says otherwise. */
export type ProducerKey<T extends ProducerTopic> = T extends { readonly key: Serde<infer K> } ? K : string

/** The type of a topic's values: `unknown` without a serde. */
export type ProducerValue<T extends ProducerTopic> = T extends { readonly value: Serde<infer V> } ? V : unknown

/** What a record has besides key and value. */
export interface SendOptions {
  /** Names and values, or a list of them where a name repeats. Text is written in UTF-8. Default: none. */
  readonly headers?:
    | Readonly<Record<string, string | Buffer | null>>
    | ReadonlyArray<readonly [name: string, value: string | Buffer | null]>
  /** Its event time: a `Date`, or milliseconds since 1970. Default: now. */
  readonly timestamp?: number | Date
  /** Default: as the topic's partitioner chooses. */
  readonly partition?: number
}

/** Where a record was written. The offset is −1 where the broker only knew that it already had the record. */
export interface SentRecord extends RecordMetadata {
  /** In milliseconds since 1970, as it was sent. */
  readonly timestamp: number
}

/** What writes records: the producer, or a transaction of it. */
export interface RecordSender<Topics extends ProducerTopics = ProducerTopics> {
  /**
   * Writes a record. Key and value are serialized before the call returns, so that they can be changed afterwards. Records
   * of one topic keep their order within a partition. `null` as key is none; as value it is a tombstone.
   *
   * @example
   * const { partition, offset } = await producer.send('orders', order.id, order, { headers: { source: 'web' } })
   *
   * @throws StreamsError SERIALIZATION_FAILED, PRODUCTION_FAILED, NOT_AUTHORIZED, TIMEOUT, KAFKA_UNAVAILABLE,
   * INVALID_ARGUMENT for a topic that is not known, ILLEGAL_STATE once it is closed
   */
  send<N extends keyof Topics & string>(
    topic: N,
    key: ProducerKey<Topics[N]> | null,
    value: ProducerValue<Topics[N]> | null,
    options?: SendOptions,
  ): Promise<SentRecord>
}

/**
 * Writes records to topics: `KafkaProducer`, `streams.producer()`, or in tests `driver.producer()`, so that what takes one
 * runs with any of them.
 */
export interface RecordProducer<Topics extends ProducerTopics = ProducerTopics> extends RecordSender<Topics> {
  /**
   * Writes all records that `work` sends, or none of them: readers under `read_committed` see them together, once it has
   * resolved. If `work` rejects, or one of its records is not delivered, the transaction is aborted, and this rejects
   * with that error. Transactions of one producer run one after the other.
   *
   * @example
   * await producer.transaction(async (tx) => {
   *   await tx.send('orders', order.id, order)
   *   await tx.send('audit', order.id, { event: 'ordered' })
   * })
   *
   * @returns what `work` returns
   * @throws StreamsError as `send`, and TRANSACTION_TIMEOUT
   */
  transaction<R>(work: (tx: RecordSender<Topics>) => Promise<R>): Promise<R>
}
