import { StreamsError } from '../../errors'
import type { DropReason } from '../../record/drop-reason'
import { NO_HEADERS, type RecordHeaders } from '../../record/headers'
import type { HeldBytes } from '../../record/held-record-context'
import type { RecordContext } from '../../record/record-context'
import type { TaskId } from '../../record/task-id'
import type { Serde } from '../../serdes/serde'
import type { ChangeLog, TaskChanges } from '../../state/changes/change-feeds'
import type { ByteStore } from '../../state/state-engine'
import type { RecordCacheBudget, StateStoreContext } from '../../state/store'
import type { TaskStorage } from '../../state/task-storage'
import type { RowMemory } from '../../state/timed/row-memory'
import type { OwnerEpochs } from '../changelog/owner-epochs'
import type { Preparation } from './preparation'

/** For writes between records: by an `init`, or by a test that fills a store. */
const OUTSIDE: RecordContext = Object.freeze({
  topic: null,
  partition: -1,
  offset: -1,
  timestamp: 0,
  headers: NO_HEADERS,
})

/** The processing that works on the stores of a task. A standby has none. */
export interface StoreWriter {
  /** The current record; `null` between records. */
  readonly writtenBy: RecordContext | null
  /** Of the current record, copied; `null` unless an error handler may ask for them. */
  heldBytes(): HeldBytes | null
  /** A cache flushes an entry in the context of the entry's last update. */
  setRecordContext(context: RecordContext): void
  logChange(
    topic: string,
    partition: number,
    key: Buffer,
    value: Buffer | null,
    timestamp: number | null,
    headers: RecordHeaders,
  ): void
  dropRecord(store: string, reason: DropReason, details: string): void
}

export interface StoreContextOptions {
  readonly applicationId: string
  readonly taskId: TaskId
  readonly partition: number
  readonly state: Pick<TaskStorage, 'bytes' | 'beforeSeal'>
  readonly epochs: OwnerEpochs
  readonly preparation: Preparation
  readonly cache: RecordCacheBudget | undefined
  readonly rowMemory: RowMemory | undefined
  /** Undefined: nobody can listen. */
  readonly changes: TaskChanges | undefined
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
  /** Source topics that serve as changelogs of their tables: never written. */
  readonly sourceChangelogs: ReadonlySet<string>
}

/** The stores' view of their task. */
export class StoreContext implements StateStoreContext {
  readonly applicationId: string
  readonly taskId: TaskId
  readonly partition: number
  readonly cache: RecordCacheBudget | undefined
  readonly rowMemory: RowMemory | undefined
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
  readonly #options: StoreContextOptions
  #writer: StoreWriter | undefined = undefined

  constructor(options: StoreContextOptions) {
    this.#options = options
    this.applicationId = options.applicationId
    this.taskId = options.taskId
    this.partition = options.partition
    this.cache = options.cache
    this.rowMemory = options.rowMemory
    this.defaultKeySerde = options.defaultKeySerde
    this.defaultValueSerde = options.defaultValueSerde
  }

  /** From now on the stores are written by this processing. */
  attach(writer: StoreWriter): void {
    this.#writer = writer
  }

  get recordContext(): RecordContext {
    return this.#writer?.writtenBy ?? OUTSIDE
  }

  set recordContext(context: RecordContext) {
    this.#writer?.setRecordContext(context)
  }

  heldBytes(): HeldBytes | null {
    return this.#writer?.heldBytes() ?? null
  }

  logChange(
    changelogTopic: string,
    key: Buffer,
    value: Buffer | null,
    timestamp: number | null,
    headers: RecordHeaders = NO_HEADERS,
  ): void {
    const { sourceChangelogs, partition, taskId, epochs } = this.#options
    if (sourceChangelogs.size > 0 && sourceChangelogs.has(changelogTopic)) return
    if (this.#writer === undefined) {
      throw new StreamsError('ILLEGAL_STATE', `the stores of task ${taskId} are written before it processes`, {
        taskId,
      })
    }
    const marked = epochs.headersFor(changelogTopic, headers)
    this.#writer.logChange(changelogTopic, partition, key, value, timestamp, marked)
  }

  dropRecord(store: string, reason: string): void {
    this.#writer?.dropRecord(store, 'late', reason)
  }

  prepare(serde: Serde<unknown>, topic: string): void {
    this.#options.preparation.add(serde, topic, 'store')
  }

  openBytes(store: string): ByteStore {
    return this.#options.state.bytes(store)
  }

  changesOf(store: string): ChangeLog | undefined {
    return this.#options.changes?.log(store)
  }

  beforeSeal(write: () => void): void {
    this.#options.state.beforeSeal(write)
  }
}
