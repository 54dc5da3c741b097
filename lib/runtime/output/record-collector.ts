import { StreamsError } from '../../errors'
import type { DeadLetterRecord } from '../../handlers'
import { ClientError, type Payload, type Producer } from '../../kafka/port'
import { MissingDependency } from '../../serdes/missing-dependency'
import type { StreamPartitioner } from '../../topology/definition'
import { notAuthorized } from '../failure/not-authorized'
import { refusedRecord } from '../failure/streams-error'
import { sinkFunctionFailed } from '../failure/sink-function-failed'
import { asError, TaskFailure } from '../failure/task-failure'
import { partitionFor } from '../../record/murmur2'
import { isPartition } from '../../record/topic-partition'
import { locationOf, type SendingSink, type SendingTask } from './sending-task'
import { SentRecord } from './sent-record'
import { copyOf, NO_SOURCE_BYTES } from './source-bytes'
import { StickyPartitions } from './sticky-partitions'
import type { RecordHeaders } from '../../record/headers'
import type { StreamRecord } from '../../record/stream-record'
import { Windowed } from '../../record/windowed'

/** A record that waits for its topic. */
interface Parked {
  readonly send: () => void
  /** Whose handler is asked about a topic that does not exist; undefined: that is fatal. */
  readonly sent: SentRecord | undefined
}

/** Passes records from the tasks of an instance to its producer: serializes them and chooses partitions. */
export class RecordCollector {
  private readonly sticky = new StickyPartitions()
  /**
   * Topics that the producer or a serde has not seen yet (their names came from a `TopicNameExtractor`), with the records
   * that wait for them.
   */
  private readonly parked = new Map<string, Parked[]>()
  private readonly loading = new Set<Promise<void>>()
  /** A handler is asked about a record that the broker has refused: its dead letters belong to the transaction of that record. */
  private refusing = false
  /** How many records a broker has refused. */
  private refusals = 0
  /** Dead letters about such records that wait for their topic. */
  private readonly lateLetters = new Set<Promise<void>>()
  private failure: TaskFailure | undefined
  private abandoned = false
  /** Of a transaction that takes no more records: what is sent until then waits for it. */
  private end: Promise<void> | undefined

  /** `load` may wait for a topic that does not exist yet. */
  constructor(
    private readonly producer: Producer,
    private readonly load: (topic: string) => Promise<void> = (topic) => producer.loadTopics([topic]),
  ) {}

  /** False: stop processing and await `drained()`. */
  get writable(): boolean {
    return this.producer.writable && this.loading.size === 0
  }

  /** Resolves when the producer accepts records again, and everything sent so far has been passed to it. */
  async drained(): Promise<void> {
    await this.settled()
    await this.producer.drained()
  }

  /** Nothing that was sent waits on its way to the producer. */
  get isSettled(): boolean {
    return this.loading.size === 0 && this.failure === undefined
  }

  /**
   * Records of the next transaction: what is sent from now on is handed to the producer after the returned function is called.
   */
  withhold(): () => void {
    let release!: () => void
    this.end = new Promise((resolve) => (release = resolve))
    return () => {
      this.end = undefined
      release()
    }
  }

  /** Resolves when everything sent so far has been passed to the producer: before that, a flush would miss some. */
  async settled(): Promise<void> {
    while (this.loading.size > 0) await Promise.all(this.loading)
    if (this.failure) throw this.failure.error
  }

  /**
   * Resolves when everything that was handed to the producer before the call is acknowledged, with the last offsets of that, or was
   * refused and its handler's dead letters are acknowledged. Rejects where the handler says `fail`.
   */
  async flush(): Promise<ReadonlyMap<string, number>> {
    const { refusals } = this
    const acked = await this.producer.flush()
    if (refusals !== this.refusals || this.lateLetters.size > 0) {
      await Promise.all(this.lateLetters)
      await this.producer.flush()
    }
    if (this.failure) throw this.failure.error
    return acked
  }

  /** Its producer is discarded, with what waits here: a failure is nobody's any more. */
  abandon(): void {
    this.abandoned = true
    this.failure = undefined
  }

  send(sink: SendingSink, topic: string, record: StreamRecord<unknown, unknown>, task: SendingTask): void {
    if (this.failure) throw this.failure
    if (this.parked.size > 0 && this.parked.has(topic)) {
      this.sendLater(sink, topic, record, task)
      return
    }
    const { key, value, timestamp, headers } = record
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
    const sent = this.sentRecord(sink, topic, record, task)
    try {
      const { partitioner } = sink
      if (partitioner === undefined) {
        this.dispatch(topic, null, keyPayload, valuePayload, timestamp, headers, sent)
      } else this.sendPartitioned(sink, partitioner, topic, record, keyPayload, valuePayload, task, sent)
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      if (error.kind !== 'invalid') throw new TaskFailure(error)
      this.refused(sink, topic, record, task, unsendable(sink, topic, task, error))
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
    try {
      this.dispatch(topic, partition, key, value, timestamp, headers)
    } catch (error) {
      if (!(error instanceof ClientError) || error.kind !== 'invalid') throw new TaskFailure(error)
      throw new TaskFailure(refusedRecord(error, { topic, partition }))
    }
  }

  sendDeadLetter(letter: DeadLetterRecord, operator: string, taskId: string): void {
    try {
      this.dispatch(letter.topic, null, letter.key, letter.value, letter.timestamp, letter.headers)
    } catch (error) {
      if (isAuthorization(error)) throw new TaskFailure(error)
      throw new TaskFailure(
        new StreamsError(
          'PRODUCTION_FAILED',
          `a dead letter of operator "${operator}" can't be sent to "${letter.topic}": ${asError(error).message}`,
          { operator, taskId, topic: letter.topic },
          { cause: error },
        ),
      )
    }
  }

  private sendPartitioned(
    sink: SendingSink,
    partitioner: StreamPartitioner<unknown, unknown>,
    topic: string,
    record: StreamRecord<unknown, unknown>,
    key: Payload,
    value: Payload,
    task: SendingTask,
    sent: SentRecord | undefined,
  ): void {
    const partitions = this.partitionCount(topic)
    if (partitions === undefined) {
      const [keptKey, keptValue] = [kept(key), kept(value)]
      const send = (): void => this.sendPartitioned(sink, partitioner, topic, record, keptKey, keptValue, task, sent)
      this.park(topic, { send, sent })
      return
    }
    const { timestamp, headers } = record
    const choice = choiceOf(partitioner, sink, topic, record, partitions, task)
    const limit = this.partitionLimit(topic, partitions)
    if (choice === undefined || typeof choice === 'number') {
      if (choice !== undefined && !isPartition(choice, limit)) throw wrongPartition(choice, partitions, topic, sink)
      this.dispatch(topic, choice ?? null, key, value, timestamp, headers, sent)
      return
    }
    if (choice.length === 0) task.dropRecord(sink.name, 'no-partition', 'its partitioner chose no partition')
    for (const partition of choice) {
      if (!isPartition(partition, limit)) throw wrongPartition(partition, partitions, topic, sink)
    }
    for (const partition of choice) this.dispatch(topic, partition, key, value, timestamp, headers, sent)
  }

  /** A partitioner's choice has to be below it: the number that the partitioner was given. */
  protected partitionLimit(_topic: string, partitions: number): number {
    return partitions
  }

  /** The number of partitions passed to a partitioner; `undefined` while the topic is not known yet. */
  protected partitionCount(topic: string): number | undefined {
    return this.producer.partitionCount(topic)
  }

  /** `null` uses Kafka's default partitioning: the key's hash, or a sticky partition without a key. The record may have to wait for its topic. */
  protected dispatch(
    topic: string,
    partition: number | null,
    key: Payload,
    value: Payload,
    timestamp: number,
    headers: RecordHeaders,
    sent?: SentRecord,
  ): void {
    const { end } = this
    const partitions = this.producer.partitionCount(topic)
    if (partitions === undefined || (!this.refusing && (end !== undefined || this.parked.has(topic)))) {
      const [keptKey, keptValue] = [kept(key), kept(value)]
      const send = (): void => this.dispatch(topic, partition, keptKey, keptValue, timestamp, headers, sent)
      if (this.refusing) this.sendLetterLater(topic, send)
      else this.park(topic, { send, sent }, end && (() => end))
      return
    }
    if (partition !== null && !isPartition(partition, partitions)) {
      throw wrongPartition(partition, partitions, topic)
    }
    const target =
      partition ?? (key === null ? this.sticky.next(topic, partitions, value) : partitionFor(key, partitions))
    this.producer.append(topic, target, key, value, timestamp, headers, sent)
  }

  /** Ahead of what is withheld or waits for the topic since before. */
  private sendLetterLater(topic: string, send: () => void): void {
    const letter: Promise<void> = this.loadTopic(topic)
      .then(() => this.whileRefusing(send))
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.lateLetters.delete(letter)
        this.loading.delete(letter)
      })
    this.lateLetters.add(letter)
    this.loading.add(letter)
  }

  private whileRefusing(work: () => void): void {
    this.refusing = true
    try {
      work()
    } finally {
      this.refusing = false
    }
  }

  private fail(error: unknown): void {
    if (this.abandoned) return
    this.failure ??= error instanceof TaskFailure ? error : new TaskFailure(error)
  }

  private park(topic: string, record: Parked, ready = (): Promise<void> => this.loadTopic(topic)): void {
    if (this.failure) throw this.failure
    const waiting = this.parked.get(topic)
    if (waiting) {
      waiting.push(record)
      return
    }
    this.parked.set(topic, [record])
    const loading: Promise<void> = this.release(topic, ready).finally(() => this.loading.delete(loading))
    this.loading.add(loading)
  }

  private async release(topic: string, ready: () => Promise<void>): Promise<void> {
    try {
      await ready()
      const waiting = this.parked.get(topic) ?? []
      this.parked.delete(topic)
      for (const { send } of waiting) send()
    } catch (error) {
      try {
        this.giveUp(topic, error)
      } catch (failure) {
        this.fail(failure)
      }
    }
  }

  /** A topic that does not exist is a matter of the handler, for each record that waits for it; throws unless it drops all of them. */
  private giveUp(topic: string, error: unknown): void {
    const waiting = isMissingTopic(error) ? (this.parked.get(topic) ?? []) : []
    if (waiting.length === 0 || waiting.some(({ sent }) => sent === undefined)) throw error
    this.parked.delete(topic)
    const { message, cause } = asError(error)
    for (const { sent } of waiting) {
      this.askAbout(
        sent!,
        ({ sink, task }) => new StreamsError('PRODUCTION_FAILED', message, locationOf(sink.name, task), { cause }),
      )
    }
  }

  /** Undefined without a handler. */
  private sentRecord(
    sink: SendingSink,
    topic: string,
    record: StreamRecord<unknown, unknown>,
    task: SendingTask,
  ): SentRecord | undefined {
    if (task.config.productionExceptionHandler === undefined) return undefined
    return new SentRecord(sink, topic, record, task, this.refusedByBroker)
  }

  private readonly refusedByBroker = (sent: SentRecord, error: ClientError): void => {
    this.refusals++
    try {
      this.whileRefusing(() => this.askAbout(sent, ({ sink, topic, task }) => unsendable(sink, topic, task, error)))
    } catch (failure) {
      this.fail(failure)
      // which reports it
      sent.task.requestCommit()
      sent.task.wakeUp()
    }
  }

  private askAbout(sent: SentRecord, describe: (sent: SentRecord) => StreamsError): void {
    const { sink, topic, record, task, context, bytes } = sent
    if (task.closed) return
    task.within(context, bytes, () => this.refused(sink, topic, record, task, describe(sent)))
  }

  private async loadTopic(topic: string): Promise<void> {
    try {
      await this.load(topic)
    } catch (error) {
      if (error instanceof TaskFailure) throw error
      if (isAuthorization(error)) throw notAuthorized(error, {}, { topic, operation: 'Write' })
      throw new StreamsError(
        'PRODUCTION_FAILED',
        `records for topic "${topic}" can't be sent: ${asError(error).message}. ` +
          'Output topics are not created by the application: create it first',
        { topic },
        { cause: error },
      )
    }
  }

  /** Queues the record after others that wait for its topic: `lacking` is what its serde has to fetch. */
  private sendLater(
    sink: SendingSink,
    topic: string,
    record: StreamRecord<unknown, unknown>,
    task: SendingTask,
    lacking?: MissingDependency,
  ): void {
    const context = task.recordContext
    const source = task.config.productionExceptionHandler === undefined ? NO_SOURCE_BYTES : copyOf(task.source)
    const send = (): void => {
      if (!task.closed) task.within(context, source, () => this.send(sink, topic, record, task))
    }
    this.park(
      topic,
      { send, sent: this.sentRecord(sink, topic, record, task) },
      lacking && (() => task.preparation.fetch(lacking)),
    )
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
    this.refused(sink, topic, record, task, unserializable(part, sink, topic, record[part], task, error))
  }

  private refused(
    sink: SendingSink,
    topic: string,
    record: StreamRecord<unknown, unknown>,
    task: SendingTask,
    described: StreamsError,
  ): void {
    const handler = task.config.productionExceptionHandler
    if (!handler) throw described
    const error = asError(described.cause)
    const { key, value, timestamp } = record
    let response
    try {
      response = handler(error, task.errorContext(sink.name, described), { topic, key, value, timestamp })
    } catch (inHandler) {
      throw new TaskFailure(inHandler)
    }
    if (!task.resolve(sink.name, error, response)) throw described
  }
}

/** Bytes may be views of the fetch buffer, or in memory that the next record writes again. */
const kept = (payload: Payload): Payload => (payload instanceof Uint8Array ? Buffer.from(payload) : payload)

const unserializable = (
  part: 'key' | 'value',
  sink: SendingSink,
  topic: string,
  object: unknown,
  task: SendingTask,
  cause: unknown,
): StreamsError => {
  const isDefault = sink.usesDefault[part]
  const option = part === 'key' ? 'defaultKeySerde' : 'defaultValueSerde'
  const which = isDefault ? `the default serde (${option})` : 'its serde'
  return new StreamsError(
    'SERIALIZATION_FAILED',
    `sink "${sink.name}" can't write the ${part} ${shown(object)} to topic "${topic}" with ${which}: ${asError(cause).message}. ` +
      (object instanceof Windowed
        ? 'Pass the serde of the keys without their windows to the grouping, as in groupByKey({ key: serdes.… }), or ' +
          'serdes.timeWindowed(inner, size) or serdes.sessionWindowed(inner) to the sink; or make keys of another type, as in toStream((_value, { key }) => key)'
        : `Pass the right serde where the topic is written, as in { ${part}: serdes.… } of to(), repartition() or groupBy()` +
          (isDefault ? `, or set ${option}` : '')),
    locationOf(sink.name, task),
    { cause },
  )
}

const unsendable = (sink: SendingSink, topic: string, task: SendingTask, cause: ClientError): StreamsError =>
  new StreamsError(
    'PRODUCTION_FAILED',
    `sink "${sink.name}" can't send a record to topic "${topic}": ${cause.message}. ` +
      'With a productionExceptionHandler such records can be skipped',
    locationOf(sink.name, task),
    { cause },
  )

const isAuthorization = (error: unknown): error is ClientError =>
  error instanceof ClientError && error.kind === 'authorization'

const isMissingTopic = (error: unknown): boolean =>
  error instanceof StreamsError && error.cause instanceof ClientError && error.cause.kind === 'unknownTopic'

const shown = (object: unknown): string => {
  const text = typeof object === 'object' && object !== null ? safeJson(object) : String(object)
  return `${text.length > 60 ? `${text.slice(0, 60)}…` : text} (${describeType(object)})`
}

const describeType = (object: unknown): string =>
  typeof object === 'object' && object !== null ? (object.constructor?.name ?? 'object') : typeof object

const safeJson = (object: object): string => {
  try {
    return JSON.stringify(object)
  } catch {
    return String(object)
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
  try {
    return partitioner(topic, key, value, partitions)
  } catch (thrown) {
    throw sinkFunctionFailed(
      thrown,
      `the partitioner of sink "${sink.name}" failed for a record to topic "${topic}"`,
      'correct the partitioner',
      locationOf(sink.name, task),
    )
  }
}

function wrongPartition(partition: number, partitions: number, topic: string, sink?: SendingSink): StreamsError {
  return new StreamsError(
    'PRODUCTION_FAILED',
    `partition ${partition} of topic "${topic}" was chosen, which has ${partitions} partitions: correct the partitioner`,
    { ...(sink && { operator: sink.name }), topic, partition },
  )
}
