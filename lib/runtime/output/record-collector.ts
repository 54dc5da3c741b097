import { type ErrorLocation, StreamsError } from '../../errors'
import type { DeadLetterRecord } from '../../handlers'
import { ClientError, type Payload, type Producer } from '../../kafka/port'
import { MissingDependency } from '../../serdes/missing-dependency'
import type { StreamPartitioner } from '../../topology/definition'
import { refusedRecord } from '../failure/streams-error'
import { sinkFunctionFailed } from '../failure/sink-function-failed'
import { asError, TaskFailure } from '../failure/task-failure'
import { partitionFor } from '../../bytes/murmur2'
import { isPartition } from '../../record/topic-partition'
import { DeferredRecords } from './deferred-records'
import { isAuthorization, unsendable, unserializable, noPartitions, wrongPartition } from './production-errors'
import { RefusedRecords } from './refused-records'
import { locationOf, type SendingSink, type SendingTask } from './sending-task'
import type { OutputRecord } from './output-record'
import { NO_SOURCE_BYTES } from './source-bytes'
import { StickyPartitions } from './sticky-partitions'
import type { RecordHeaders } from '../../record/headers'
import type { StreamRecord } from '../../record/stream-record'

/** Passes records from the tasks of an instance to its producer: serializes them and chooses partitions. */
export class RecordCollector {
  private readonly sticky = new StickyPartitions()
  private readonly deferred: DeferredRecords
  private readonly refused = new RefusedRecords((failure) => this.deferred.fail(failure))

  /** `load` may wait for a topic that does not exist yet. */
  constructor(
    private readonly producer: Producer,
    load: (topic: string) => Promise<void> = (topic) => producer.loadTopics([topic]),
  ) {
    this.deferred = new DeferredRecords(load, (sent, describe) => this.refused.askAbout(sent, describe))
  }

  /** False: stop processing and await `drained()`. */
  get writable(): boolean {
    return this.producer.writable && this.deferred.isEmpty
  }

  /** Resolves when the producer accepts records again, and everything sent so far has been passed to it. */
  async drained(): Promise<void> {
    await this.settled()
    await this.producer.drained()
  }

  /** Nothing that was sent waits on its way to the producer. */
  get isSettled(): boolean {
    return this.deferred.isEmpty && this.deferred.failure === undefined
  }

  /**
   * Records of the next transaction: what is sent from now on is handed to the producer after the returned function is called.
   */
  withhold(): () => void {
    return this.deferred.withhold()
  }

  /** Resolves when everything sent so far has been passed to the producer: before that, a flush would miss some. */
  settled(): Promise<void> {
    return this.deferred.settled()
  }

  /**
   * Resolves when everything that was handed to the producer before the call is acknowledged, with the last offsets of that, or was
   * refused and its handler's dead letters are acknowledged. Rejects where the handler says `fail`.
   */
  async flush(): Promise<ReadonlyMap<string, number>> {
    const { deferred, refused } = this
    const { count } = refused
    const acked = await this.producer.flush()
    if (count !== refused.count || deferred.hasLateLetters) {
      await deferred.lateLettersSent()
      await this.producer.flush()
    }
    deferred.throwFailure()
    return acked
  }

  /** Its producer is discarded, with what waits here: a failure is nobody's any more. */
  abandon(): void {
    this.deferred.abandon()
  }

  send(sink: SendingSink, topic: string, record: StreamRecord<unknown, unknown>, task: SendingTask): void {
    const { failure } = this.deferred
    if (failure) throw failure
    const { key, value, headers } = record
    let keyPayload: Payload
    let valuePayload: Payload
    try {
      keyPayload = key == null ? null : sink.writeKey(topic, key, headers)
    } catch (error) {
      this.unserializable('key', sink, topic, record, task, error)
      return
    }
    try {
      valuePayload = value == null ? null : sink.writeValue(topic, value, headers)
    } catch (error) {
      this.unserializable('value', sink, topic, record, task, error)
      return
    }
    const sent = this.refused.sentRecord(sink, topic, record, task)
    try {
      this.sendWritten(sink, topic, record, keyPayload, valuePayload, task, sent)
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      if (error.kind !== 'invalid') throw new TaskFailure(error)
      this.refused.ask(sink, topic, record, task, unsendable(sink, topic, task, error))
    }
  }

  /** To a partition of a topic that is known to exist: changelogs. */
  sendBytes(
    topic: string,
    partition: number,
    key: Buffer | null,
    value: Buffer | null,
    timestamp: number,
    headers: RecordHeaders,
  ): void {
    const partitions = this.partitionCount(topic)
    if (partitions === undefined || this.isWithheld(topic)) {
      const [keptKey, keptValue] = [kept(key), kept(value)]
      this.sendWhenReady(topic, () => this.sendBytes(topic, partition, keptKey, keptValue, timestamp, headers))
      return
    }
    try {
      this.dispatch(topic, partitions, partition, key, value, timestamp, headers)
    } catch (error) {
      if (!(error instanceof ClientError) || error.kind !== 'invalid') throw new TaskFailure(error)
      throw new TaskFailure(refusedRecord(error, { topic, partition }))
    }
  }

  /** `about`: the record that it is about, in words and by its place. */
  sendDeadLetter(letter: DeadLetterRecord, operator: string, about: { what: string; location: ErrorLocation }): void {
    const { topic, key, value, timestamp, headers } = letter
    const partitions = this.partitionCount(topic)
    if (partitions === undefined || this.isWithheld(topic)) {
      const keptLetter = { ...letter, key: kept(key), value: kept(value) }
      this.sendWhenReady(topic, () => this.sendDeadLetter(keptLetter, operator, about))
      return
    }
    try {
      this.dispatch(topic, partitions, null, key, value, timestamp, headers)
    } catch (error) {
      if (isAuthorization(error)) throw new TaskFailure(error)
      throw new TaskFailure(
        new StreamsError(
          'PRODUCTION_FAILED',
          `a dead letter of operator "${operator}" about ${about.what} can't be sent to "${topic}": ${asError(error).message}`,
          about.location,
          { cause: error },
        ),
      )
    }
  }

  /** `key` and `value`: as the sink's serdes have written them. */
  private sendWritten(
    sink: SendingSink,
    topic: string,
    record: StreamRecord<unknown, unknown>,
    key: Payload,
    value: Payload,
    task: SendingTask,
    sent: OutputRecord | undefined,
  ): void {
    const partitions = this.partitionCount(topic)
    if (partitions === undefined || this.isWithheld(topic)) {
      const [keptKey, keptValue] = [kept(key), kept(value)]
      const send = (): void => this.sendWritten(sink, topic, record, keptKey, keptValue, task, sent)
      const waiting = sent ?? this.refused.waitingRecord(sink, topic, record, task)
      this.sendWhenReady(topic, inTask(send, sink, record, task), waiting)
      return
    }
    const { timestamp, headers } = record
    const { partitioner } = sink
    const choice = partitioner && choiceOf(partitioner, sink, topic, record, partitions, task)
    if (choice === undefined) {
      this.dispatch(topic, partitions, null, key, value, timestamp, headers, sent)
      return
    }
    const limit = this.partitionLimit(topic, partitions)
    if (typeof choice === 'number') {
      if (!isPartition(choice, limit)) throw wrongPartition(choice, partitions, topic, sink)
      this.dispatch(topic, partitions, choice, key, value, timestamp, headers, sent)
      return
    }
    if (choice.length === 0) task.dropRecord(sink.name, 'no-partition', 'its partitioner chose no partition')
    for (const partition of choice) {
      if (!isPartition(partition, limit)) throw wrongPartition(partition, partitions, topic, sink)
    }
    for (const partition of new Set(choice)) {
      this.dispatch(topic, partitions, partition, key, value, timestamp, headers, sent)
    }
  }

  /** A partitioner's choice has to be below it: the number that the partitioner was given. */
  protected partitionLimit(_topic: string, partitions: number): number {
    return partitions
  }

  /** The number of partitions passed to a partitioner; `undefined` while the topic is not known yet. */
  protected partitionCount(topic: string): number | undefined {
    return this.producer.partitionCount(topic)
  }

  /**
   * Hands a record to the producer. `partitions`: how many its topic has. A `partition` of `null` is Kafka's default: the key's hash, or a sticky
   * one without a key.
   */
  protected dispatch(
    topic: string,
    partitions: number,
    partition: number | null,
    key: Payload,
    value: Payload,
    timestamp: number,
    headers: RecordHeaders,
    sent?: OutputRecord,
  ): void {
    if (partition !== null && !isPartition(partition, partitions)) {
      throw wrongPartition(partition, partitions, topic)
    }
    const target =
      partition ?? (key === null ? this.sticky.next(topic, partitions, value) : partitionFor(key, partitions))
    this.producer.append(topic, target, key, value, timestamp, headers, sent)
  }

  /** Others of the topic wait, or all do. A letter about a record that the broker has refused goes ahead of them. */
  private isWithheld(topic: string): boolean {
    const { deferred, refused } = this
    return !refused.asking && (deferred.end !== undefined || deferred.parked.has(topic))
  }

  /** Bytes that `send` uses are kept. */
  private sendWhenReady(topic: string, send: () => void, sent?: OutputRecord): void {
    const { deferred, refused } = this
    const { end } = deferred
    if (refused.asking) deferred.sendLetterLater(topic, () => refused.whileAsking(send))
    else deferred.park(topic, { send, sent }, end && (() => end))
  }

  /** Queues the record after others that wait for its topic, to be written when its serde has fetched what it lacks. */
  private sendLater(
    sink: SendingSink,
    topic: string,
    record: StreamRecord<unknown, unknown>,
    task: SendingTask,
    lacking: MissingDependency,
  ): void {
    const send = inTask(() => this.send(sink, topic, record, task), sink, record, task)
    const sent = this.refused.waitingRecord(sink, topic, record, task)
    this.deferred.park(topic, { send, sent }, () => task.preparation.fetch(lacking))
  }

  private unserializable(
    part: 'key' | 'value',
    sink: SendingSink,
    topic: string,
    record: StreamRecord<unknown, unknown>,
    task: SendingTask,
    error: unknown,
  ): void {
    if (error instanceof MissingDependency) {
      this.sendLater(sink, topic, record, task, error)
      return
    }
    this.refused.ask(sink, topic, record, task, unserializable(part, sink, topic, record[part], task, error))
  }
}

/** Bytes may be views of the fetch buffer, or in memory that the next record writes again. */
const kept = <P extends Payload>(payload: P): P =>
  payload instanceof Uint8Array ? (Buffer.from(payload) as Uint8Array as P) : payload

/**
 * Runs `send` later as of the current record. The operator before the sink has returned by then, and catches nothing: the sink asks its handler.
 * A closed task sends nothing: the next one processes the record again.
 */
function inTask(
  send: () => void,
  sink: SendingSink,
  record: StreamRecord<unknown, unknown>,
  task: SendingTask,
): () => void {
  const { recordContext } = task
  const bytes = task.heldBytes() ?? NO_SOURCE_BYTES
  return () => {
    if (task.closed) return
    task.within(recordContext, bytes, () => {
      try {
        send()
      } catch (error) {
        if (error instanceof ClientError) throw error
        sink.failed(error, record)
      }
    })
  }
}

/** What a sink's partitioner says of a record. */
function choiceOf(
  partitioner: StreamPartitioner<unknown, unknown>,
  sink: SendingSink,
  topic: string,
  { key, value }: StreamRecord<unknown, unknown>,
  partitions: number,
  task: SendingTask,
): ReturnType<typeof partitioner> {
  let choice: ReturnType<typeof partitioner>
  try {
    choice = partitioner(topic, key, value, partitions)
  } catch (thrown) {
    throw sinkFunctionFailed(
      thrown,
      `the partitioner of sink "${sink.name}" failed for a record to topic "${topic}"`,
      'correct the partitioner',
      locationOf(sink.name, task),
    )
  }
  if (choice === undefined || typeof choice === 'number' || Array.isArray(choice)) return choice
  throw noPartitions(choice, topic, sink, task)
}
