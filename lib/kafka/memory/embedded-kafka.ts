import {
  BOOLEAN,
  HEADERS,
  isObject,
  kind,
  oneOf,
  options as optionsOf,
  requireArgument,
  SERDE,
  SIGNAL,
} from '../../arguments'
import { partitionFor } from '../../bytes/murmur2'
import { isPromise } from '../../promise'
import { StreamsError } from '../../errors'
import { MissingDependency, prepared, whenPrepared } from '../../serdes/missing-dependency'
import type { Serde } from '../../serdes/serde'
import { asBytes } from '../../serdes/serde-results'
import { string } from '../../serdes/string'
import {
  ClientError,
  type FetchedPartition,
  type Isolation,
  type KafkaClient,
  type KafkaClientFactory,
  type Producer,
} from '../port'
import { MemoryClient } from './client'
import { MemoryCluster } from './cluster'
import type { CompactionOptions } from './compaction'
import { NO_HEADERS, type RecordHeaders } from '../../record/headers'

/** What an embedded Kafka begins with. */
export interface EmbeddedKafkaOptions {
  /** Topics to begin with, and their numbers of partitions. Default: none. */
  topics?: Readonly<Record<string, number>>
}

/** How keys and values become bytes and come back. Default of both: text in UTF-8. */
export interface EmbeddedSerdes<K, V> {
  /** Of keys. Default: text in UTF-8. */
  key?: Serde<K>
  /** Of values. Default: text in UTF-8. */
  value?: Serde<V>
}

/** A record to write. */
export interface EmbeddedRecord<K = string, V = string> {
  /** Default: null. */
  key?: K | null
  /** `null` is a tombstone. */
  value: V | null
  /** Milliseconds since 1970. Default: now. */
  timestamp?: number
  /** Default: none. */
  headers?: RecordHeaders
  /** Default: by the key as Java's producer does it, or in turn where there is no key. */
  partition?: number
}

/** A record as it was read. */
export interface ReceivedRecord<K = string, V = string> {
  /** The topic it was read from. */
  readonly topic: string
  /** Its partition there. */
  readonly partition: number
  /** Its offset there. */
  readonly offset: number
  /** In milliseconds since 1970. */
  readonly timestamp: number
  /** `null` where it has none. */
  readonly key: K | null
  /** `null` for a tombstone. */
  readonly value: V | null
  /** In the order in which they were written. */
  readonly headers: RecordHeaders
}

/** Where to begin reading a topic, and how. */
export interface SubscribeOptions<K, V> extends EmbeddedSerdes<K, V> {
  /** Where to begin: with the first record there is, or with the next one to come. Default: `'earliest'`. */
  from?: 'earliest' | 'latest'
  /** `'read_uncommitted'` also shows records of open and aborted transactions. Default: `'read_committed'`. */
  isolation?: Isolation
  /** Ends the iteration. */
  signal?: AbortSignal
}

const EMBEDDED_OPTIONS = optionsOf<EmbeddedKafkaOptions>({
  topics: kind('numbers of partitions by the names of topics', isObject),
})

const SUBSCRIBE_OPTIONS = optionsOf<SubscribeOptions<unknown, unknown>>({
  key: SERDE,
  value: SERDE,
  from: oneOf('earliest', 'latest'),
  isolation: oneOf('read_committed', 'read_uncommitted'),
  signal: SIGNAL,
})

/** A negative one is of a record whose producer set none. */
const MILLISECONDS = kind('a whole number of milliseconds since 1970', Number.isSafeInteger)

const SERDES = optionsOf<EmbeddedSerdes<unknown, unknown>>({ key: SERDE, value: SERDE })

const COMPACTION_OPTIONS = optionsOf<CompactionOptions>({ removeTombstones: BOOLEAN })

/** How long one waiting poll of a subscription lasts; then the next begins. */
const POLL_MS = 60_000

/**
 * A Kafka in this process's memory, for trying things out, demos and tests: no broker, no network, nothing on disk, and
 * everything in it is gone with `close()`.
 *
 * It does what applications notice of Kafka: partitions, offsets, consumer groups with rebalances and fencing,
 * transactions with `read_committed`, compaction, record limits. `KafkaStreams` takes it in place of a connection:
 *
 * ```ts
 * const kafka = new EmbeddedKafka({ topics: { lines: 4, counts: 4 } })
 * const streams = new KafkaStreams(topology, { applicationId: 'word-count', kafka })
 * await streams.start()
 *
 * await kafka.produce('lines', [{ value: 'hello world' }])
 * for await (const { key, value } of kafka.subscribe('counts', { value: serdes.long() })) console.log(key, value)
 * ```
 *
 * Topics are never created by being used. A topic keeps all of its records, unless it is compacted (then it is cleaned
 * as it grows) or has `retention.bytes`; `retention.ms` is not acted on.
 */
export class EmbeddedKafka implements KafkaClientFactory {
  private readonly cluster = new MemoryCluster()
  private readonly clients = new Set<MemoryClient>()
  private readonly ownClient: KafkaClient
  private readonly producer: Producer
  /** Calls of `produce` work one after the other. */
  private producing: Promise<void>
  private turn = 0
  private closed = false

  constructor(options: EmbeddedKafkaOptions = {}) {
    requireArgument(options, EMBEDDED_OPTIONS, 'new EmbeddedKafka', 'options')
    const { topics = {} } = options
    this.ownClient = this.client()
    this.producer = this.ownClient.producer({ maxRequestBytes: Infinity })
    this.producing = this.producer.init()
    for (const [topic, partitions] of Object.entries(topics)) this.cluster.createTopic({ topic, partitions })
  }

  /**
   * A client of its own for each application or component; `close()` of the cluster closes them all.
   *
   * @example
   * const admin = kafka.client().admin()
   */
  client(): KafkaClient {
    if (this.closed) throw new ClientError('fatal', 'The embedded Kafka is closed', 'CLIENT_CLOSED')
    const client = new MemoryClient(this.cluster, (closed) => this.clients.delete(closed))
    this.clients.add(client)
    return client
  }

  /**
   * Resolves to false if the topic exists already (it is left as it is).
   *
   * @example
   * await kafka.createTopic('customers', 4, { 'cleanup.policy': 'compact' })
   *
   * @param partitions default 1
   * @param configs Kafka's topic configs, such as `{ 'cleanup.policy': 'compact' }`
   */
  async createTopic(topic: string, partitions = 1, configs: Record<string, string> = {}): Promise<boolean> {
    return this.cluster.createTopic({ topic, partitions, configs })
  }

  /**
   * Gives a topic more partitions: `partitions` in all.
   *
   * @example
   * await kafka.createPartitions('customers', 8)
   */
  async createPartitions(topic: string, partitions: number): Promise<void> {
    this.cluster.createPartitions(topic, partitions)
  }

  /**
   * Writes records, in the order of the calls; resolves when they can be read. Rejects if one is refused: those before
   * it may have been written.
   *
   * @example
   * await kafka.produce('counts', [{ key: 'hello', value: 1 }], { value: serdes.long() })
   */
  async produce<K = string, V = string>(
    topic: string,
    records: Iterable<EmbeddedRecord<NoInfer<K>, NoInfer<V>>>,
    serdes: EmbeddedSerdes<K, V> = {},
  ): Promise<void> {
    requireArgument(serdes, SERDES, 'produce', 'serdes')
    const written = this.producing.then(() => this.write(topic, records, withDefaults(serdes)))
    // what a failed call has left behind must not come with the next one; once closed there is no next one
    this.producing = written.catch(() => this.producer.init().catch(() => undefined))
    return written
  }

  /**
   * The records of a topic as they come, without end: leave the loop, abort the `signal` or close the cluster to end it.
   * Records of one partition come in order. It does not take part in any consumer group.
   *
   * @example
   * for await (const { key, value } of kafka.subscribe('counts', { value: serdes.long() })) console.log(key, value)
   */
  subscribe<K = string, V = string>(
    topic: string,
    options: SubscribeOptions<K, V> = {},
  ): AsyncGenerator<ReceivedRecord<K, V>, void, undefined> {
    requireArgument(options, SUBSCRIBE_OPTIONS, 'subscribe', 'options')
    const { from = 'earliest', isolation = 'read_committed', signal } = options
    const fetcher = this.ownClient.fetcher({ isolation })
    this.cluster.requireTopic(topic).partitions.forEach((log, partition) => {
      fetcher.assign(topic, partition, from === 'earliest' ? log.logStartOffset : log.highWatermark)
    })
    const serdes = withDefaults(options)
    let ended = false
    const end = (): void => {
      ended = true
      void fetcher.close()
    }
    if (signal?.aborted) end()
    signal?.addEventListener('abort', end, { once: true })
    const isOver = (): boolean => ended || this.closed
    return (async function* () {
      try {
        while (!isOver()) {
          for (const fetched of await fetcher.poll(POLL_MS)) {
            if (fetched.error) throw fetched.error
            for await (const record of received(fetched, serdes)) {
              if (isOver()) return
              yield record
            }
          }
        }
      } finally {
        signal?.removeEventListener('abort', end)
        await fetcher.close()
      }
    })()
  }

  /**
   * The committed records that a topic has now, partition by partition.
   *
   * @example
   * const counts = await kafka.read('counts', { value: serdes.long() })
   */
  async read<K = string, V = string>(
    topic: string,
    serdes: EmbeddedSerdes<K, V> = {},
  ): Promise<ReceivedRecord<K, V>[]> {
    requireArgument(serdes, SERDES, 'read', 'serdes')
    const fetcher = this.ownClient.fetcher({
      isolation: 'read_committed',
      maxBytesPerPartition: Infinity,
      maxBytes: Infinity,
    })
    try {
      this.cluster.requireTopic(topic).partitions.forEach((log, partition) => {
        fetcher.assign(topic, partition, log.logStartOffset)
      })
      const records: ReceivedRecord<K, V>[] = []
      for (const fetched of await fetcher.poll(0)) {
        if (fetched.error) throw fetched.error
        for await (const record of received(fetched, withDefaults(serdes))) records.push(record)
      }
      return records
    } finally {
      await fetcher.close()
    }
  }

  /**
   * Compacts a topic now, whatever its `cleanup.policy`: of each key the last record stays, at the offset it had.
   * Compacted topics are also cleaned by themselves as they grow.
   *
   * @example
   * await kafka.compact('customers')
   */
  async compact(topic: string, options: CompactionOptions = {}): Promise<void> {
    requireArgument(options, COMPACTION_OPTIONS, 'compact', 'options')
    this.cluster.compact(topic, options)
  }

  /**
   * Closes every client and forgets everything.
   *
   * @example
   * await kafka.close()
   */
  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    for (const client of [...this.clients]) await client.close()
    this.cluster.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  private async write<K, V>(
    topic: string,
    records: Iterable<EmbeddedRecord<K, V>>,
    serdes: Serdes<K, V>,
  ): Promise<void> {
    const { producer } = this
    await producer.loadTopics([topic])
    const partitions = producer.partitionCount(topic)!
    for (const record of records) {
      const { key = null, value, timestamp = Date.now(), headers = NO_HEADERS } = record
      requireArgument(timestamp, MILLISECONDS, 'produce', "a record's timestamp")
      requireArgument(headers, HEADERS, 'produce', "a record's headers")
      const written = whenPrepared(() => ({
        key: key === null ? null : bytesOf('key', serdes.key, topic, key, headers),
        value: value === null ? null : bytesOf('value', serdes.value, topic, value, headers),
      }))
      const { key: keyBytes, value: valueBytes } = isPromise(written) ? await written : written
      const partition = record.partition ?? (keyBytes ? partitionFor(keyBytes, partitions) : this.turn++ % partitions)
      producer.append(topic, partition, keyBytes, valueBytes, timestamp, headers)
      if (!producer.writable) await producer.drained()
    }
    await producer.flush()
  }
}

type Serdes<K, V> = Required<EmbeddedSerdes<K, V>>

const withDefaults = <K, V>({ key, value }: EmbeddedSerdes<K, V>): Serdes<K, V> => ({
  // without a serde given, the type parameter is string
  key: key ?? (string() as unknown as Serde<K>),
  value: value ?? (string() as unknown as Serde<V>),
})

const bytesOf = <T>(
  part: 'key' | 'value',
  serde: Serde<T>,
  topic: string,
  object: T,
  headers: RecordHeaders,
): Buffer | null => {
  try {
    return asBytes(serde.serialize(topic, object, headers))
  } catch (cause) {
    if (cause instanceof MissingDependency) throw cause
    throw new StreamsError(
      'SERIALIZATION_FAILED',
      `the ${part} of a record for topic "${topic}" can't be written with its serde: ${(cause as Error).message}. Pass what the serde ` +
        `writes, or another serde, as in produce('${topic}', records, { ${part}: serdes.… })`,
      { topic },
      { cause },
    )
  }
}

async function* received<K, V>(
  fetched: FetchedPartition,
  serdes: Serdes<K, V>,
): AsyncGenerator<ReceivedRecord<K, V>, void, undefined> {
  const { topic, partition } = fetched
  const cursor = fetched.records()
  while (cursor.advance()) {
    const { offset, timestamp, key, value } = cursor
    const headers = cursor.headers()
    yield await prepared(() => ({
      topic,
      partition,
      offset,
      timestamp,
      key: key && serdes.key.deserialize(topic, key, headers),
      value: value && serdes.value.deserialize(topic, value, headers),
      headers,
    }))
  }
}
