import { shown } from '../../config/config-values'
import { StreamsError } from '../../errors'
import type { FetchedPartition, RecordCursor } from '../../kafka/port'
import type { InputSensor } from '../../observe/metrics/task-sensors'
import { MissingDependency } from '../../serdes/missing-dependency'
import { asError, TaskFailure } from '../failure/task-failure'
import type { Serde } from '../../serdes/serde'
import { asObject } from '../../serdes/serde-results'
import type { RangeReader, SourceNode } from './source-node'
import type { SourceBytes } from '../output/source-bytes'
import type { TaskContext } from './task-context'
import { failOnInvalidTimestamp } from '../../topology/timestamp-extractors'
import { NO_HEADERS, type RecordHeaders } from '../../record/headers'
import type { RecordContext } from '../../record/record-context'
import { StreamRecord } from '../../record/stream-record'

const NO_BYTES = Buffer.alloc(0)
/** Stands for a value that nobody looks at. */
const NOT_READ = Symbol('not read')

/**
 * Fetched but unprocessed records of one input partition. Batches stay undecoded; only the head is decoded,
 * on demand. Records that can't be decoded, or that the timestamp extractor rejects, are skipped.
 */
export class PartitionQueue implements SourceBytes {
  /** The largest timestamp processed; −1 before the first. */
  partitionTime = -1
  /** Offset of the next record to process, as far as known; −1 before the first fetch. */
  position = -1
  /** Where reading starts, until `position` is known; −1 is not known. */
  private startOffset = -1
  /** Of an earlier owner; −1 for none. */
  private committedOffset = -1
  /** Of the leader that has written what is before the position; −1 is not known. */
  private leaderEpoch = -1
  /** Offset after the last buffered record. */
  fetchedUpTo = -1
  /** End of the partition on the broker as far as known. */
  endOffset = -1
  /** Has processed or skipped a record since the task was initialized. */
  moved = false

  head: StreamRecord<unknown, unknown> | null = null
  headTimestamp = -1
  headContext!: RecordContext
  // the position of the head's key and value in the fetched bytes
  private bytes: Buffer = NO_BYTES
  private keyStart = 0
  private keyLength = -1
  private valueStart = 0
  private valueLength = -1

  /** Set while the next record can't be decoded because its serde is fetching something; never rejects. */
  prepared: Promise<void> | undefined = undefined

  private readonly batches: Pick<FetchedPartition, 'nextOffset' | 'leaderEpoch' | 'records' | 'release'>[] = []
  private cursor: RecordCursor | null = null
  /** Views of the first batch were handed out, and may still be in use. */
  private viewed = false
  /** The cursor is at a record that is not decoded yet. */
  private onRecord = false
  /** What could not be fetched for the record under the cursor. */
  private refusal: { readonly part: 'key' | 'value'; readonly error: unknown } | undefined
  private readonly sensor: InputSensor | undefined

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly source: SourceNode,
    private readonly task: TaskContext,
  ) {
    this.sensor = task.sensors?.input(source.name, topic)
  }

  /** What an earlier owner has committed. */
  resumeFrom(offset: number, partitionTime: number): void {
    this.committedOffset = offset
    this.partitionTime = partitionTime
  }

  /** Reading starts at this offset, which is not a position: nothing is committed of it. */
  startAt(offset: number, leaderEpoch: number): void {
    this.startOffset = offset
    this.leaderEpoch = leaderEpoch
  }

  /** The next commit has its offset, even where nothing was read: time has passed without a record. */
  commitAsItIs(): void {
    if (Math.max(this.position, this.committedOffset) >= 0) this.moved = true
  }

  /** The end of the partition on the broker, as far as known. */
  raiseEndOffset(endOffset: number): void {
    if (endOffset > this.endOffset) this.endOffset = endOffset
  }

  /** Reading continues further ahead, as where records were deleted before they were fetched: what is buffered comes first. False if nothing is. */
  skipTo(offset: number): boolean {
    if (offset < this.fetchedUpTo || this.size === 0) return false
    const last = this.batches.at(-1)!
    this.batches[this.batches.length - 1] = {
      nextOffset: offset,
      leaderEpoch: -1,
      records: () => last.records(),
      release: () => last.release?.(),
    }
    this.fetchedUpTo = offset
    this.raiseEndOffset(offset)
    return true
  }

  /**
   * Reading restarts at another offset, maybe further back: the partition's records were deleted, or the topic was recreated.
   * Buffered records are dropped, and the new position is committed even if nothing is processed from there.
   */
  reposition(offset: number): void {
    this.batches.length = 0
    this.cursor = null
    this.onRecord = false
    this.prepared = undefined
    this.refusal = undefined
    this.head = null
    this.position = offset
    this.leaderEpoch = -1
    this.fetchedUpTo = offset
    this.endOffset = offset
    this.moved = true
    this.task.moved()
  }

  add(fetched: FetchedPartition): void {
    this.batches.push(fetched)
    this.fetchedUpTo = fetched.nextOffset
    this.raiseEndOffset(fetched.endOffset)
  }

  /** Buffered records, counted by offsets: gaps of compacted topics count as well. */
  get size(): number {
    return this.batches.length === 0 ? 0 : this.fetchedUpTo - Math.max(this.next, 0)
  }

  /** Offsets behind the head's are buffered. */
  get hasMore(): boolean {
    return this.batches.length > 1 || this.fetchedUpTo > this.headContext.offset + 1
  }

  /** Offset of the next record to process, or where reading starts; −1 is not known. */
  get next(): number {
    return this.position < 0 ? this.startOffset : this.position
  }

  /** Whether there are known to be records that are not fetched or not decoded yet. */
  get lags(): boolean {
    return this.prepared !== undefined || this.endOffset > Math.max(this.fetchedUpTo, 0)
  }

  /** Makes `head` the next record to process; false if there is none. */
  load(): boolean {
    while (this.head === null) {
      if (this.prepared !== undefined || (!this.onRecord && !this.advance())) return false
      this.onRecord = false
      this.decode(this.cursor!)
    }
    return true
  }

  /** Returns the head. Its raw bytes are valid until the next `load`. */
  take(): StreamRecord<unknown, unknown> {
    const record = this.head!
    this.head = null
    this.pass(this.headContext.offset, this.cursor!.leaderEpoch)
    this.sensor?.took(this.headTimestamp, this.keyLength, this.valueLength)
    if (this.headTimestamp > this.partitionTime) this.partitionTime = this.headTimestamp
    return record
  }

  /** The offset to commit: of the next record still buffered, else of the next one to fetch. */
  committableOffset(): number {
    if (this.head !== null) return this.headContext.offset
    try {
      if (this.onRecord || this.advance()) return this.cursor!.offset
      return this.position < 0 ? this.committedOffset : this.position
    } catch {
      // a damaged batch: processing will reach it again, and report it
      return this.position
    }
  }

  /** Of the leader that has written the record at `committableOffset()`, as called before, or what is before it; −1 is not known. */
  committableLeaderEpoch(): number {
    return this.head !== null || this.onRecord ? this.cursor!.leaderEpoch : this.leaderEpoch
  }

  private advance(): boolean {
    while (this.batches.length > 0) {
      const batch = this.batches[0]!
      this.cursor ??= batch.records()
      if (this.cursor.advance()) {
        this.onRecord = true
        return true
      }
      this.batches.shift()
      this.cursor = null
      this.release(batch)
      this.pass(batch.nextOffset - 1, batch.leaderEpoch)
    }
    return false
  }

  private release(batch: Pick<FetchedPartition, 'release'>): void {
    this.bytes = NO_BYTES
    this.keyLength = this.valueLength = -1
    if (!this.viewed) batch.release?.()
    this.viewed = false
  }

  private pass(offset: number, leaderEpoch: number): void {
    if (offset < this.position) return
    this.position = offset + 1
    this.leaderEpoch = leaderEpoch
    this.moved = true
    this.task.moved()
  }

  private decode(cursor: RecordCursor): void {
    const { topic, partition, source } = this
    const offset = cursor.offset
    const headers = cursor.headers()
    if (headers !== NO_HEADERS) this.viewed = true
    if (this.bytes !== cursor.bytes) this.bytes = cursor.bytes
    this.keyStart = cursor.keyStart
    this.keyLength = cursor.keyLength
    this.valueStart = cursor.valueStart
    this.valueLength = cursor.valueLength
    let context: RecordContext = { topic, partition, offset, timestamp: cursor.timestamp, headers }
    let key: unknown
    let value: unknown
    let timestamp = cursor.timestamp
    if (this.refusal !== undefined) {
      this.refused(this.refusal, context)
      return
    }
    try {
      key = this.read(source.keySerde, source.readKeyRange, this.keyStart, this.keyLength, headers)
    } catch (error) {
      this.undecodable('key', context, error)
      return
    }
    try {
      if (source.skipsValues) value = this.valueLength < 0 ? null : NOT_READ
      else value = this.read(source.valueSerde, source.readValueRange, this.valueStart, this.valueLength, headers)
    } catch (error) {
      this.undecodable('value', context, error)
      return
    }
    if (timestamp < 0 || source.timestampExtractor !== failOnInvalidTimestamp) {
      timestamp = this.extractTimestamp(key, value, context)
      if (timestamp < 0) {
        this.skip(context, () =>
          this.task.dropRecord(source.name, 'invalid-timestamp', `its timestamp ${timestamp} is negative`),
        )
        return
      }
      context = { topic, partition, offset, timestamp, headers }
    }
    this.head = new StreamRecord(key, value, timestamp, headers)
    this.headTimestamp = timestamp
    this.headContext = context
  }

  private read(
    serde: Serde<unknown>,
    readRange: RangeReader | undefined,
    start: number,
    length: number,
    headers: RecordHeaders,
  ): unknown {
    if (length < 0) return null
    if (readRange !== undefined) return readRange(this.bytes, start, start + length, this.topic)
    return asObject(serde.deserialize(this.topic, this.view(start, length), headers))
  }

  get rawKey(): Buffer | null {
    return this.keyLength < 0 ? null : this.view(this.keyStart, this.keyLength)
  }

  get rawValue(): Buffer | null {
    return this.valueLength < 0 ? null : this.view(this.valueStart, this.valueLength)
  }

  private view(start: number, length: number): Buffer {
    this.viewed = true
    return this.bytes.subarray(start, start + length)
  }

  private extractTimestamp(key: unknown, value: unknown, context: RecordContext): number {
    const { topic, partition } = this
    const { timestamp, headers, offset } = context
    let extracted: number
    try {
      extracted = this.source.timestampExtractor(
        { key, value, timestamp, headers, topic, partition, offset },
        this.partitionTime,
      )
    } catch (error) {
      // one that says where
      if (error instanceof StreamsError && error.location.topic !== undefined) throw error
      throw this.notExtracted('failed', offset, asError(error).message, error)
    }
    if (Number.isSafeInteger(extracted)) return extracted
    const advice = 'a timestamp is a whole number of milliseconds since 1970, or negative for a record to be dropped'
    throw this.notExtracted(`returned ${shown(extracted)}`, offset, advice)
  }

  private notExtracted(what: string, offset: number, why: string, cause?: unknown): StreamsError {
    const { topic, partition, source } = this
    return new StreamsError(
      'INVALID_TIMESTAMP',
      `the timestampExtractor of source "${source.name}" ${what} at offset ${offset} of ${topic}-${partition}: ${why}`,
      { operator: source.name, taskId: this.task.taskId, topic, partition, offset },
      { cause },
    )
  }

  /** The record stays in place until its serde has what it lacks. */
  private wait(part: 'key' | 'value', lacking: MissingDependency): void {
    const { task } = this
    this.onRecord = true
    const settle = (refusal?: { part: 'key' | 'value'; error: unknown }): void => {
      // reading may have moved elsewhere since
      if (this.prepared !== prepared) return
      this.prepared = undefined
      this.refusal = refusal
      if (!task.closed) task.wakeUp()
    }
    const prepared = task.preparation.fetch(lacking).then(
      () => settle(),
      (error: unknown) => settle({ part, error }),
    )
    this.prepared = prepared
  }

  private refused({ part, error }: { part: 'key' | 'value'; error: unknown }, context: RecordContext): void {
    this.refusal = undefined
    if (concernsTheRegistry(error)) throw new TaskFailure(error)
    this.undecodable(part, context, error)
  }

  private undecodable(part: 'key' | 'value', context: RecordContext, thrown: unknown): void {
    if (thrown instanceof MissingDependency) {
      this.wait(part, thrown)
      return
    }
    const error = asError(thrown)
    const { source, task } = this
    this.skip(context, () => {
      const handler = task.config.deserializationExceptionHandler
      const described = this.describe(part, context, error)
      const known = task.errorContext(source.name, described)
      if (handler && task.resolve(source.name, error, () => handler(error, known))) return
      throw new TaskFailure(described)
    })
  }

  /** Skips the record at the cursor; `account` runs in its context. */
  private skip(context: RecordContext, account: () => void): void {
    const { task } = this
    task.within(context, this, account)
    this.pass(context.offset, this.cursor!.leaderEpoch)
  }

  private describe(part: 'key' | 'value', context: RecordContext, cause: Error): StreamsError {
    const { topic, partition, source } = this
    const option = part === 'key' ? 'defaultKeySerde' : 'defaultValueSerde'
    return new StreamsError(
      'DESERIALIZATION_FAILED',
      `source "${source.name}" can't read the ${part} at offset ${context.offset} of ${topic}-${partition} with ` +
        `${source.usesDefault[part] ? `the default serde (${option})` : 'its serde'}: ${cause.message}. ` +
        `Pass the serde that the topic was written with, as in stream('${topic}', { ${part}: serdes.… }), ` +
        'or set deserializationExceptionHandler to skip such records or send them to a dead letter topic',
      { operator: source.name, taskId: this.task.taskId, topic, partition, offset: context.offset },
      { cause },
    )
  }
}

/** Not about the record: no handler decides. */
const concernsTheRegistry = (error: unknown): boolean =>
  error instanceof StreamsError && (error.code === 'NOT_AUTHORIZED' || error.code === 'SCHEMA_REGISTRY_UNAVAILABLE')
