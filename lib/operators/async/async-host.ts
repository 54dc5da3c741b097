import type { RecordContext } from '../../record/record-context'
import type { StreamRecord } from '../../record/stream-record'
import type { OriginalBytes } from '../../state/pending/pending-entry'
import type { OnCallError } from './async-settings'

/** An operator whose results come between records, as its task sees it. */
export interface AsyncWork {
  /** An error handler may ask for the bytes that a record was read from. */
  readonly needsSource: boolean
  /** It accepts more, but the task should take no more input. */
  readonly isFull: boolean
  readonly hasResult: boolean
  /** It holds no record. */
  readonly isIdle: boolean
  /** Results will come. */
  readonly isCalling: boolean
  /** All operators of the task are initialized: what an earlier owner of the task has left is called for. */
  begin(): void
  /** Forwards the next result. */
  forwardResult(): void
  /** A commit begins: what is held is part of it. True if something is left for one more commit. */
  beforeCommit(): boolean
  /** Nothing more will come: what it holds back for more need not wait. True if there is any. */
  finish?(): boolean
  /** The last commit that began is complete. */
  committed?(): void
  /** The last commit may not have been acknowledged. */
  commitDropped(): void
}

/** Waits of calls. The returned functions cancel them. */
export interface CallTimers {
  timeOut(ms: number, callback: () => void): () => void
  backOff(ms: number, callback: () => void): () => void
  linger(ms: number, callback: () => void): () => void
}

/** A call that has failed for good. */
export interface CallFailure {
  readonly error: unknown
  readonly attempts: number
}

/** What a task does for an async operator. */
export interface AsyncHost {
  readonly operator: string
  readonly taskId: string
  readonly timers: CallTimers
  /** Under exactly-once a commit is atomic. */
  readonly atomicCommits: boolean
  /** The bytes that the current record was read from, if they may be asked for. */
  source(): OriginalBytes
  /** Runs `work` as part of processing a record. */
  onBehalf<T>(context: RecordContext, source: OriginalBytes, work: () => T): T
  /** Applies what is to be done about errors; throws unless the record is dropped. */
  failed(failure: CallFailure, record: StreamRecord<unknown, unknown>, onError: OnCallError): void
  /** The operator is full. */
  filled(): void
  /** There is a result to forward. */
  resultArrived(): void
}
