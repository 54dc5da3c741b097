import type { HostInfo } from '../host-info'
import type { ResolvedQueryOptions } from './query-options'
import type { Position } from './query-types'
import type { CatalogStore } from './store-catalog'
import type { PointQuery, Row, ScanQuery } from './store-query'

export interface PointAnswer {
  readonly rows: readonly Row[]
  readonly partition: number
  readonly position: Position
  readonly stale: boolean
  /** Null: this instance. */
  readonly host: HostInfo | null
}

/** Entries with what is known of them so far. */
export interface ScanAnswer {
  readonly rows: AsyncIterable<Row>
  readonly position: Position
  readonly stale: boolean
}

/** Reads of other instances. */
export interface RemoteStores {
  point(
    host: HostInfo,
    store: CatalogStore,
    query: PointQuery<unknown>,
    partition: number,
    options: ResolvedQueryOptions,
  ): Promise<PointAnswer>
  /** Resolves when the instance has accepted the query. */
  scan(
    host: HostInfo,
    store: CatalogStore,
    query: ScanQuery<unknown>,
    partitions: readonly number[],
    options: ResolvedQueryOptions,
  ): Promise<ScanAnswer>
}
