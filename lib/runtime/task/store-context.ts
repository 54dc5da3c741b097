import type { Serde } from '../../serdes/serde'
import type { ByteStore } from '../../state/state-engine'
import type { RecordCacheBudget, StateStoreContext } from '../../state/store'
import type { TaskState } from '../../state/task-state'
import { IDLE, type TaskContext } from './task-context'
import { NO_HEADERS, type RecordHeaders } from '../../record/headers'
import type { RecordContext } from '../../record/record-context'

/** Of what is written between records: by an `init`, or by a test that fills a store. */
const OUTSIDE: RecordContext = Object.freeze({
  topic: null,
  partition: -1,
  offset: -1,
  timestamp: 0,
  headers: NO_HEADERS,
})

export interface StoreContextOptions {
  readonly partition: number
  readonly state: Pick<TaskState, 'bytes'>
  readonly cache: RecordCacheBudget | undefined
  /** Source topics that serve as changelogs of their tables: never written. */
  readonly sourceChangelogs: ReadonlySet<string>
}

/** What the stores of a task see of it. */
export class StoreContext implements StateStoreContext {
  constructor(
    private readonly task: TaskContext,
    private readonly options: StoreContextOptions,
  ) {}

  get applicationId(): string {
    return this.task.applicationId
  }

  get taskId(): string {
    return this.task.taskId
  }

  get partition(): number {
    return this.options.partition
  }

  get recordContext(): RecordContext {
    const { recordContext } = this.task
    return recordContext === IDLE ? OUTSIDE : recordContext
  }

  set recordContext(context: RecordContext) {
    this.task.recordContext = context
  }

  get cache(): RecordCacheBudget | undefined {
    return this.options.cache
  }

  get defaultKeySerde(): Serde<unknown> {
    return this.task.defaultKeySerde
  }

  get defaultValueSerde(): Serde<unknown> {
    return this.task.defaultValueSerde
  }

  logChange(
    changelogTopic: string,
    key: Buffer,
    value: Buffer | null,
    timestamp: number | null,
    headers: RecordHeaders = NO_HEADERS,
  ): void {
    const { sourceChangelogs, partition } = this.options
    if (sourceChangelogs.size > 0 && sourceChangelogs.has(changelogTopic)) return
    // what a closed task still wrote would get into the transaction of the tasks after it
    if (this.task.closed) throw this.task.closedError()
    const time = timestamp ?? this.task.clock.now()
    this.task.collector.sendBytes(changelogTopic, partition, key, value, time, headers)
  }

  dropRecord(store: string, reason: string): void {
    this.task.dropRecord(store, reason)
  }

  prepare(serde: Serde<unknown>, topic: string): void {
    this.task.preparation.add(serde, topic, 'store')
  }

  openBytes(store: string): ByteStore {
    return this.options.state.bytes(store)
  }
}
