import { StreamsError } from '../../errors'
import { ClientError, type KafkaClient, type Producer, type ProducerConfig } from '../../kafka/port'
import { partitionFor } from '../../bytes/murmur2'
import { isPromise } from '../../promise'
import { keptHeaders } from '../../record/headers'
import { isPartition } from '../../record/topic-partition'
import { notAuthorized } from '../failure/not-authorized'
import { asError } from '../failure/task-failure'
import { StickyPartitions } from '../output/sticky-partitions'
import { pause, withDeadline } from '../pause'
import { type OutgoingRecord, PendingRecord, type PendingRecordOwner, undelivered } from './pending-record'
import type { SentRecord } from './record-producer'
import type { Encoded } from './topic-formats'

/** How long records wait for a topic that does not exist: a new one takes a moment to be known to every broker. */
const TOPIC_APPEARS_MS = 10_000
const LOOK_AGAIN_MS = 100
/** How many records that no longer wait are kept in front of those that do. */
const MOST_DONE = 256

export interface OutboxOptions {
  readonly client: () => KafkaClient
  readonly config: ProducerConfig
  /** How long a record may wait before it is handed to the client. */
  readonly maxBlockMs: number
}

/**
 * One producer of the client, and the records that wait for it: until it is connected, their topic is known, what their serdes
 * need is fetched, and there is room. It is initialized again when it is next used after a failure.
 */
export class Outbox implements PendingRecordOwner {
  /** While it can be used. */
  private producer: Producer | undefined
  private port: Producer | undefined
  private opening: Promise<Producer> | undefined
  /** Records that wait, by topic: they keep their order. */
  private readonly waiting = new Map<string, PendingRecord[]>()
  private readonly pending = new Set<PendingRecord>()
  private readonly flushes = new Set<{ readonly left: Set<PendingRecord>; readonly resolve: () => void }>()
  private readonly sticky = new StickyPartitions()
  private readonly closing = new AbortController()
  private idleScheduled = false
  /** Since it was last taken. */
  private failure: StreamsError | undefined

  constructor(private readonly options: OutboxOptions) {}

  send(record: OutgoingRecord): Promise<SentRecord> {
    const { topic, encoded } = record
    const { producer } = this
    const isReady =
      producer !== undefined &&
      producer.writable &&
      producer.partitionCount(topic) !== undefined &&
      !this.waiting.has(topic) &&
      !isPromise(encoded)
    const pending = new PendingRecord(isReady ? record : kept(record), this)
    this.pending.add(pending)
    if (isReady) this.append(producer, pending, encoded as Encoded)
    else this.wait(pending)
    // its failure is looked at when its turn comes
    if (isPromise(encoded)) encoded.catch(() => {})
    return pending.promise
  }

  get writable(): boolean {
    return this.waiting.size === 0 && this.producer?.writable !== false
  }

  /** Resolves once everything sent so far is delivered or has failed. */
  flush(): Promise<void> {
    return this.settlementOf(this.pending)
  }

  /** Resolves once nothing waits any longer, and the client takes records again. */
  async drained(): Promise<void> {
    while (!this.writable) {
      const { producer } = this
      if (producer?.writable === false) await producer.drained().catch(() => this.lost(producer))
      else await this.settlementOf([...this.waiting.values()].flat())
    }
  }

  /** The first failure of a record since the last call. */
  takeFailure(): StreamsError | undefined {
    const { failure } = this
    this.failure = undefined
    return failure
  }

  /** Connects and initializes the producer, if it is not in use. */
  open(): Promise<Producer> {
    return (this.opening ??= this.openProducer().catch((error: unknown) => {
      this.opening = undefined
      throw unreachable(error)
    }))
  }

  /** It has to be initialized again. */
  lost(producer: Producer): void {
    if (this.producer !== producer) return
    this.producer = undefined
    this.opening = undefined
  }

  /** Fails what waits, and is not in the hands of the client. */
  failWaiting(error: StreamsError): void {
    for (const records of this.waiting.values()) for (const record of [...records]) record.fail(error)
  }

  /** @returns false if the deadline passed before everything was delivered */
  async close(timeoutMs: number, error: () => StreamsError): Promise<boolean> {
    const inTime = (await withDeadline(this.flush(), timeoutMs)) !== 'timeout'
    this.closing.abort(error())
    for (const record of [...this.pending]) record.fail(error())
    await this.port?.close().catch(() => {})
    return inTime
  }

  /** Its own promises are not touched: a rejection that nobody handles has to be seen. */
  private settlementOf(records: Iterable<PendingRecord>): Promise<void> {
    const left = new Set([...records].filter(({ settled }) => !settled))
    if (left.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.flushes.add({ left, resolve }))
  }

  private async openProducer(): Promise<Producer> {
    const producer = (this.port ??= this.options.client().producer(this.options.config))
    await producer.init()
    this.producer = producer
    return producer
  }

  private wait(pending: PendingRecord): void {
    const { topic } = pending.record
    const { maxBlockMs } = this.options
    pending.expireAfter(
      maxBlockMs,
      () =>
        new StreamsError(
          'TIMEOUT',
          `a record for topic "${topic}" could not be handed to Kafka for ${maxBlockMs} ms (maxBlock): ${this.hold(topic)}`,
          { topic },
        ),
    )
    const records = this.waiting.get(topic)
    if (records !== undefined) {
      records.push(pending)
      return
    }
    const first = [pending]
    this.waiting.set(topic, first)
    void this.work(topic, first)
  }

  private hold(topic: string): string {
    if (this.producer === undefined) return 'no broker has answered. Check that the brokers are up and reachable'
    if (this.producer.partitionCount(topic) === undefined) return 'the topic is not known to the brokers'
    if (!this.producer.writable) {
      return 'producer.bufferMemory is full: wait for the promises of send(), or raise it if the brokers keep up'
    }
    return 'records of that topic before it still wait'
  }

  private async work(topic: string, records: PendingRecord[]): Promise<void> {
    for (let next = 0; next < records.length; next++) {
      const pending = records[next]!
      try {
        if (!pending.settled) await this.hand(pending)
      } catch (error) {
        for (const record of records) record.fail(this.explained(error, topic))
      }
      // one by one, each would move all that are behind it
      if (next >= MOST_DONE && 2 * next >= records.length) {
        records.splice(0, next)
        next = 0
      }
    }
    this.waiting.delete(topic)
  }

  /** Rejects with what holds for all records of the topic. */
  private async hand(pending: PendingRecord): Promise<void> {
    const { topic } = pending.record
    let encoded: Encoded
    try {
      encoded = await pending.record.encoded
    } catch (error) {
      return pending.fail(error as StreamsError)
    }
    // the producer may be closed, and must not be opened again
    if (pending.settled) return
    for (;;) {
      const producer = await this.open()
      if (producer.partitionCount(topic) === undefined) await this.load(producer, pending)
      try {
        await producer.drained()
      } catch {
        this.lost(producer)
      }
      if (pending.settled) return
      if (producer === this.producer) return this.append(producer, pending, encoded)
    }
  }

  private async load(producer: Producer, { record: { topic } }: PendingRecord): Promise<void> {
    const end = performance.now() + Math.min(TOPIC_APPEARS_MS, this.options.maxBlockMs)
    for (;;) {
      try {
        return await producer.loadTopics([topic])
      } catch (error) {
        const mayAppear = error instanceof ClientError && error.kind === 'unknownTopic'
        if (!mayAppear || performance.now() >= end) throw error
      }
      await pause(LOOK_AGAIN_MS, this.closing.signal)
    }
  }

  private append(producer: Producer, pending: PendingRecord, { key, value }: Encoded): void {
    const { topic, timestamp, headers } = pending.record
    const partitions = producer.partitionCount(topic)!
    try {
      const chosen = pending.record.choosePartition(partitions)
      if (chosen !== undefined && !isPartition(chosen, partitions)) {
        throw new StreamsError(
          'PRODUCTION_FAILED',
          `partition ${chosen} of topic "${topic}" was chosen, which has ${partitions} partitions`,
          { topic, partition: chosen },
        )
      }
      pending.partition =
        chosen ?? (key === null ? this.sticky.next(topic, partitions, value) : partitionFor(key, partitions))
      pending.handedOver()
      producer.append(topic, pending.partition, key, value, timestamp, headers, pending)
    } catch (error) {
      return pending.fail(this.explained(error, topic))
    }
    if (this.idleScheduled) return
    this.idleScheduled = true
    // what is sent in one turn goes in one request
    setImmediate(() => {
      this.idleScheduled = false
      this.producer?.idle()
    })
  }

  private explained(error: unknown, topic: string): StreamsError {
    if (error instanceof StreamsError) return error
    if (error instanceof ClientError) return undelivered(error, { ...error.partition, topic })
    return new StreamsError(
      'PRODUCTION_FAILED',
      `a record for topic "${topic}" can't be sent: ${asError(error).message}`,
      { topic },
      { cause: error },
    )
  }

  settled(record: PendingRecord, error: StreamsError | undefined): void {
    this.pending.delete(record)
    this.failure ??= error
    for (const flush of this.flushes) {
      flush.left.delete(record)
      if (flush.left.size > 0) continue
      this.flushes.delete(flush)
      flush.resolve()
    }
  }

  /** In a transaction it is for its end to say whether the producer can be used again. */
  clientFailed(): void {
    if (this.producer !== undefined && this.options.config.transactionalId === undefined) this.lost(this.producer)
  }
}

/** Its bytes may be the caller's own, who may change them as soon as they are sent. */
const kept = (record: OutgoingRecord): OutgoingRecord => {
  const { encoded, headers } = record
  if (isPromise(encoded)) return record
  const { key, value } = encoded
  const bytes = { key: key && Buffer.from(key), value: value && Buffer.from(value) }
  return { ...record, encoded: bytes, headers: keptHeaders(headers) }
}

const unreachable = (error: unknown): unknown => {
  if (!(error instanceof ClientError)) return error
  if (error.kind === 'authorization') return notAuthorized(error)
  return new StreamsError(
    'KAFKA_UNAVAILABLE',
    `the producer could not be opened: ${error.message}. Check that the brokers are up and reachable`,
    {},
    { cause: error },
  )
}
