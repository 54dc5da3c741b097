import type { ChangeLog } from '../changes/change-feeds'
import { Scratch } from '../../bytes/scratch'
import type { StateStoreContext } from '../store'
import type { TimedKeyFormat } from './timed-keys'
import type { ScannedRow, TimedRows, TimedScan } from './timed-rows'
import type { TimedRow } from './row-pack'

export interface LoggedRowsOptions {
  readonly store: string
  readonly rows: TimedRows
  readonly keys: TimedKeyFormat
  readonly context: Pick<StateStoreContext, 'logChange' | 'dropRecord' | 'recordContext'>
  readonly changes?: ChangeLog | undefined
  /** `null`: changes are not logged. */
  readonly changelogTopic: string | null
  /** Values are stored behind their timestamps. */
  readonly timestamped: boolean
  /** Every put adds a row, numbered in the order of puts. */
  readonly retainDuplicates: boolean
  /** In memory a put of `null` tells the time to the store even where it changes nothing. */
  readonly persistent: boolean
}

const LARGEST_SEQUENCE = 0x7fffffff

/**
 * The rows of a store, with its changelog. As in Kafka Streams the changelog also gets what the store drops as too old,
 * and where duplicates are retained it numbers puts of `null` too, which the store itself drops.
 */
export class LoggedRows {
  #sequence = 0
  #loggedSequence = 0
  readonly #scratch = new Scratch()

  constructor(private readonly options: LoggedRowsOptions) {}

  /** As stored; only if it is not expired, unless `evenExpired`. Of duplicates on disk, as in Kafka Streams, only the one put last is found. */
  get(key: Buffer, time: number, second: number, evenExpired = false): Buffer | null {
    const { rows, retainDuplicates, persistent } = this.options
    const { visibleFrom, liveFrom } = rows.retention
    if (time < (evenExpired ? liveFrom : visibleFrom)) return null
    return rows.get(key, time, retainDuplicates && persistent ? this.#sequence : second)
  }

  /** `value` is bare. */
  put(key: Buffer, time: number, second: number, value: Buffer | null, timestamp: number): void {
    const { options } = this
    const behindTimestamp = options.timestamped && value !== null
    let isKept = true
    if (!options.retainDuplicates) {
      isKept = this.#store(key, time, second, value, behindTimestamp ? timestamp : undefined)
    } else if (value !== null) {
      this.#sequence = (this.#sequence + 1) & LARGEST_SEQUENCE
      isKept = this.#store(key, time, this.#sequence, value, behindTimestamp ? timestamp : undefined)
    } else if (!options.persistent) {
      // no row has this number
      this.#store(key, time, 0, null)
    }
    const loggedTimestamp = behindTimestamp ? timestamp : options.context.recordContext.timestamp
    if (isKept && options.changes?.active) options.changes.add(key, time, second, value, loggedTimestamp)
    this.#log(key, time, second, value, loggedTimestamp)
  }

  /**
   * Where a restored row goes. As in Kafka Streams what is in memory is renumbered, and what follows continues from there; on
   * disk rows keep their numbers, and what follows begins at the first one again.
   */
  restoredSecond(second: number): number {
    const { retainDuplicates, persistent } = this.options
    if (!retainDuplicates || persistent) return second
    this.#sequence = (this.#sequence + 1) & LARGEST_SEQUENCE
    return this.#sequence
  }

  /** As a put of `null`, but no dropped record if it is gone already; and in memory it does not tell the time to the store. */
  remove(key: Buffer, time: number, second: number): void {
    const { rows, changes, context, persistent } = this.options
    const { timestamp } = context.recordContext
    if (persistent || time <= rows.retention.observed) rows.put(key, time, second, null)
    if (changes?.active) changes.add(key, time, second, null, timestamp)
    this.#log(key, time, second, null, timestamp)
  }

  range(key: Buffer, from: number, to: number): readonly TimedRow[] {
    return this.options.rows.range(key, from, to)
  }

  scan(scan: TimedScan): AsyncIterable<ScannedRow> {
    return this.options.rows.scan(scan)
  }

  #store(key: Buffer, time: number, second: number, value: Buffer | null, timestamp?: number): boolean {
    const { rows, context, store } = this.options
    const isKept = rows.put(key, time, second, value, timestamp)
    if (!isKept) context.dropRecord(store, 'it is older than the store keeps')
    return isKept
  }

  #log(key: Buffer, time: number, second: number, value: Buffer | null, timestamp: number): void {
    const { changelogTopic, keys, context, retainDuplicates } = this.options
    let number = second
    if (retainDuplicates) number = this.#loggedSequence = (this.#loggedSequence + 1) & LARGEST_SEQUENCE
    if (changelogTopic === null) return
    const joined = keys.join(key, time, number, this.#scratch.of(key.length + keys.suffixBytes))
    context.logChange(changelogTopic, joined, value, timestamp)
  }
}
