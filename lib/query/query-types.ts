import type { ConnectionOptions } from 'node:tls'
import type { Duration } from '../durations'
import type { HostInfo } from '../host-info'
import type { TopicPartition } from '../record/topic-partition'
import type { StreamPartitioner } from '../topology/definition'

/**
 * Up to which input records an answer goes: by topic and partition, the offset of the last record that it includes. The topics are those
 * that the store's sub-topology reads: repartition topics too, by their full names.
 */
export type Position = Readonly<Record<string, Readonly<Record<number, number>>>>

/** What a query sees of writes that are not committed yet: all of them, or none. */
export type QueryIsolation = 'latest' | 'committed'

/** How a store is queried. */
export interface QueryOptions<K = unknown> {
  /**
   * Also read state that may be outdated, because this instance is out of the group or has lost contact with it. Such answers are marked
   * `stale`. Stores that are being restored are never read. Default: false, such reads fail with STORE_NOT_AVAILABLE.
   */
  readonly allowStale?: boolean
  /**
   * The answer must include these records, for example one that was just written: otherwise it fails with STORE_BEHIND. Partitions that
   * the queried tasks don't read are ignored. Default: no bound.
   */
  readonly atLeast?: Position
  /**
   * What of the last writes shows. `latest`: all that has been processed, which after a failure under `exactly_once` may never have
   * happened. `committed`: what the last commit has written, and nothing of what would be rolled back. Of stores in memory this fails with
   * ISOLATION_UNSUPPORTED. A global store has what its topics have, either way. Default: `latest`.
   */
  readonly isolation?: QueryIsolation
  /** Read only the partitions of this instance: a key that another one has fails with NOT_LOCAL. Default: false. */
  readonly local?: boolean
  /**
   * Read only these partitions, wherever they are. For a key, the one in which it is looked up; the partitioner is not asked. A global store has
   * none, and ignores them. Default: the key's partition by the partitioner; for a scan, all.
   */
  readonly partitions?: readonly number[]
  /**
   * How the store's input topic is partitioned, if not by Kafka's default partitioner; called with `null` as value. Needed for keys
   * only: scans read all partitions.
   */
  readonly partitioner?: StreamPartitioner<K, null>
  /** How long another instance may take to answer; for a scan, to its last entry. Default: 10 s. */
  readonly timeout?: Duration
  /** Aborts the query, which rejects with the signal's reason. */
  readonly signal?: AbortSignal
  /** How other instances are reached. */
  readonly peers?: PeerOptions
}

/** How the HTTP handlers of the other instances are reached, at their `applicationServer`. */
export interface PeerOptions {
  /** The path under which the handler is mounted there, such as `/millrace`. Default: none. */
  readonly path?: string
  /** Sent with each request, for the handler's `authorize`. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * They listen with TLS: options of `node:tls`, such as `ca`, or `key` and `cert` where they ask for a certificate. Certificates must be valid for the host
   * of `applicationServer`, unless `servername` gives another. True: no options. Default: plain HTTP.
   */
  readonly tls?: ConnectionOptions | boolean
}

/** An answer. */
export interface QueryResult<T> {
  /** What the store has. */
  readonly value: T
  /** The partition that was read; −1 for a global store. */
  readonly partition: number
  /** Up to which input records it goes. Empty for a global store. */
  readonly position: Position
  /** It may be outdated: see `allowStale`. */
  readonly stale: boolean
  /** The instance that answered; null: this one. */
  readonly host: HostInfo | null
}

/**
 * The entries of a scan, one partition after the other, each in its own order. Nothing is read before the iteration. A scan that can't be completed,
 * because a partition moves away or an instance fails, throws: it never just ends early.
 */
export interface QueryScan<T> extends AsyncIterable<T> {
  /** Up to which input records the partitions go that have been read so far. */
  readonly position: Position
  /** Some of what was read so far may be outdated: see `allowStale`. */
  readonly stale: boolean
  /** All entries; more than `limit` (default: 10,000) are an error. */
  toArray(options?: { readonly limit?: number }): Promise<T[]>
}

/** Which instance has a key. */
export interface KeyQueryMetadata {
  /** The key's partition in the store; −1 for a global store, which every instance has. */
  readonly partition: number
  /**
   * The instance that processes it. Null while it is being handed over from one instance to another, and for an instance without
   * `applicationServer`.
   */
  readonly active: HostInfo | null
  /** Instances that keep a copy of its state. */
  readonly standbys: readonly HostInfo[]
  /** This instance processes it. */
  readonly isLocal: boolean
  /** Of the group, in which this was assigned; −1 while this instance is out of the group. */
  readonly generation: number
  /** A rebalance is in progress, or this instance is out of the group: the key may be moving. */
  readonly rebalancing: boolean
}

/** What an instance of the application has. */
export interface StreamsMetadata {
  /** Its `applicationServer`. */
  readonly host: HostInfo
  /** Names of the stores of which it has partitions, global stores included. */
  readonly stores: readonly string[]
  /** The input partitions of its tasks. */
  readonly partitions: readonly TopicPartition[]
  /** Names of the stores of which it keeps copies. */
  readonly standbyStores: readonly string[]
  /** The input partitions of the tasks whose state it copies. */
  readonly standbyPartitions: readonly TopicPartition[]
  /** Of the group, in which this was assigned; −1 while this instance is out of the group. */
  readonly generation: number
  /** A rebalance is in progress, or this instance is out of the group: tasks may be moving. */
  readonly rebalancing: boolean
}

/** For finding a key's instance. */
export interface KeyMetadataOptions<K = unknown> {
  /** As in `QueryOptions`. */
  readonly partitioner?: StreamPartitioner<K, null>
}
