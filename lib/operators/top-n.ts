import { byRank, checkedRank, type Rank, type RankSelector } from '../state/ranking/ranking'
import type { RankingStore } from '../state/ranking/ranking-store'
import type { Aggregator, Merger } from './callbacks'
import { ChangeForwarder, type OldValues } from './change-forwarder'
import { dropNull, NULL_REASONS } from './null-records'
import { Operator } from './operator'
import type { OperatorContext } from './processor'
import { openTable, type TableStore } from './table-store'
import { StreamsError } from '../errors'
import type { DropReason } from '../record/drop-reason'
import type { Change } from '../record/change'
import type { StreamRecord } from '../record/stream-record'

/** Which values to keep. */
export interface TopN<K, V> {
  readonly n: number
  readonly by: RankSelector<K, V>
}

export const empty = (): never[] => []

/** Inserts a value behind those of the same rank; the same list if it is not among the best. */
export function inserting<K, V>({ n, by }: TopN<K, V>): Aggregator<K, V, V[]> {
  const rankOf = checkedRank(by)
  return (top, value, key) => {
    const rank: Rank = rankOf(value, key)
    let at = top.length
    while (at > 0 && byRank(rank, rankOf(top[at - 1]!, key)) < 0) at--
    return at >= n ? top : [...top.slice(0, at), value, ...top.slice(at, n - 1)]
  }
}

/** The best of both lists: of the same rank, those of the first. */
export function mergingTops<K, V>(topN: TopN<K, V>): Merger<K, V[]> {
  const insert = inserting(topN)
  return (top, next, key) => next.reduce((best, value) => insert(best, value, key)!, top)
}

/** `topN` of a grouped stream: the best values of each key. Updated only if the list changes. */
export class StreamTopNOperator<K, V> extends Operator<K, V, K, Change<V[]>> {
  private store!: TableStore<K, V[]>
  private forwarder!: ChangeForwarder<K, V[]>
  private insert!: Aggregator<K, V, V[]>

  constructor(
    private readonly storeName: string,
    private readonly topN: TopN<K, V>,
    private readonly options: OldValues,
  ) {
    super()
  }

  override get dropReasons(): readonly DropReason[] {
    return NULL_REASONS
  }

  override init(context: OperatorContext<K, Change<V[]>>): void {
    super.init(context)
    this.insert = inserting({ n: this.topN.n, by: context.watch(this.topN.by) })
    this.store = openTable(context, this.storeName)
    this.forwarder = new ChangeForwarder(this.store.store, context, this.options.sendOldValues)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, value } = record
    if (key == null || value == null) {
      dropNull(this.context, key)
      return
    }
    const stored = this.store.get(key)
    const before = stored === null ? [] : stored.value
    const top = this.insert(before, value, key)!
    if (top === before) return
    const timestamp = stored === null ? record.timestamp : Math.max(record.timestamp, stored.timestamp)
    const isLatest = this.store.put(key, top, timestamp)
    if (isLatest === undefined) return
    this.forwarder.forward(record, top, stored === null ? null : before, timestamp, isLatest)
  }
}

/** `topN` of a grouped table: all rows of a group are ranked, so that one moves up when a better one goes. */
export class TableTopNOperator<K, V> extends Operator<K, Change<V>, K, Change<V[]>> {
  private store!: TableStore<K, V[]>
  private ranking!: RankingStore<K, V>
  private forwarder!: ChangeForwarder<K, V[]>

  constructor(
    private readonly storeName: string,
    private readonly rankingName: string,
    private readonly n: number,
    private readonly options: OldValues,
  ) {
    super()
  }

  override init(context: OperatorContext<K, Change<V[]>>): void {
    super.init(context)
    this.store = openTable(context, this.storeName)
    this.ranking = context.stateStore(this.rankingName)
    this.forwarder = new ChangeForwarder(this.store.store, context, this.options.sendOldValues)
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, value: change } = record
    if (key == null) {
      throw new StreamsError(
        'PROCESSING_FAILED',
        `ranking a table in "${this.storeName}" got an update with a null key`,
      )
    }
    const top = this.ranking.replace(key, change.oldValue ?? null, change.newValue ?? null, this.n)
    if (top === undefined) return
    const stored = this.store.get(key)
    const best = top.length === 0 ? null : top
    const timestamp = stored === null ? record.timestamp : Math.max(record.timestamp, stored.timestamp)
    const isLatest = this.store.put(key, best, timestamp)
    if (isLatest === undefined) return
    this.forwarder.forward(record, best, stored === null ? null : stored.value, timestamp, isLatest)
  }
}
