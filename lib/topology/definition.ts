import type { ProcessorSupplier } from '../operators/processor'
import type { Serde } from '../serdes/serde'
import type { StoreBuilder } from '../state/store'
import type { OffsetReset } from './offset-reset'
import type { RecordContext } from '../record/record-context'
import type { RecordHeaders } from '../record/headers'

/**
 * The event time of a source record in milliseconds. A negative result drops the record; `partitionTime` is the largest time seen on its partition, −1 before the
 * first. `K` and `V` are the types of the source, by its serdes: `null` where a record has no key or value.
 */
export type TimestampExtractor<K = unknown, V = unknown> = (
  record: {
    readonly key: K | null
    readonly value: V | null
    readonly timestamp: number
    readonly headers: RecordHeaders
    readonly topic: string
    readonly partition: number
    readonly offset: number
  },
  partitionTime: number,
) => number

export type TopicNameExtractor<K, V> = (key: K, value: V, context: RecordContext) => string

/** Partitions for a record: a number, several (multicast), none (an empty list drops the record), or `undefined` for the default partitioner. */
export type StreamPartitioner<K, V> = (
  topic: string,
  key: K,
  value: V,
  partitions: number,
) => number | readonly number[] | undefined

/* eslint-disable @typescript-eslint/no-explicit-any -- nodes of a definition are heterogeneous; their types were checked when they were added */

export interface SourceDefinition {
  readonly kind: 'source'
  readonly name: string
  /** User topics as they are, internal ones without the application id. */
  readonly topics: readonly string[] | RegExp
  readonly keySerde?: Serde<any>
  readonly valueSerde?: Serde<any>
  readonly timestampExtractor?: TimestampExtractor<any, any>
  readonly offsetReset?: OffsetReset
  readonly idleAfterMs?: number
}

export interface ProcessorDefinition {
  readonly kind: 'processor'
  readonly name: string
  readonly parents: readonly string[]
  readonly supplier: ProcessorSupplier<any, any, any, any>
  /** It gets only what a parent forwards to it by name. Default: everything that they forward to all children. */
  readonly sideOutput?: boolean
  /** Names of the stores it may use, in the order in which they were connected. */
  readonly stores: readonly string[]
  /** Where it sends the source records of what it fails on. */
  readonly deadLetterTopic?: string
}

/** The serde that values had before an operator made others of them. */
export interface LostFormat {
  readonly serde: Serde<any>
  /** The operator's name. */
  readonly operator: string
}

export interface SinkDefinition {
  readonly kind: 'sink'
  readonly name: string
  readonly parents: readonly string[]
  readonly topic: string | TopicNameExtractor<any, any>
  readonly keySerde?: Serde<any>
  readonly valueSerde?: Serde<any>
  /** Where no value serde is known any more. */
  readonly lostFormat?: LostFormat
  readonly partitioner?: StreamPartitioner<any, any>
}

export type NodeDefinition = SourceDefinition | ProcessorDefinition | SinkDefinition

export interface StoreDefinition {
  readonly builder: StoreBuilder<any>
  /** Names of the processors that may use it. */
  readonly processors: ReadonlySet<string>
  /** A source table whose own topic serves as its changelog (optimization `reuse.ktable.source.topics`): that topic. */
  readonly sourceTopicAsChangelog?: string
}

/**
 * A store that every instance holds in full, fed from a topic of its own. Its source and its processor stand among the
 * nodes and make a group that takes a sub-topology id, but no tasks.
 */
export interface GlobalStoreDefinition {
  readonly builder: StoreBuilder<any>
  readonly topic: string
  readonly source: string
  readonly processor: string
  /** The store holds the topic's records as they are, and is restored from their bytes, past the processor. */
  readonly holdsTopic: boolean
}

export interface RepartitionTopicDefinition {
  /** Set by the user: enforced. */
  readonly partitions?: number
}

/** Everything that was added to a topology, in order. Immutable once built. */
export interface TopologyDefinition {
  readonly nodes: readonly NodeDefinition[]
  readonly stores: ReadonlyMap<string, StoreDefinition>
  readonly globalStores?: ReadonlyMap<string, GlobalStoreDefinition>
  /** By their names without the application id. */
  readonly repartitionTopics: ReadonlyMap<string, RepartitionTopicDefinition>
  /** Groups of source node names whose topics must have equal partition counts, each with the operator that wants it. */
  readonly copartitionGroups: ReadonlyArray<{ readonly operator: string; readonly sources: readonly string[] }>
}

/** An internal topic as it has to exist, under its full name. */
export interface InternalTopic {
  readonly name: string
  readonly config: Readonly<Record<string, string>>
  /** Enforced by the user; else it follows from what feeds it. */
  readonly partitions?: number
}

/** A connected part of the topology: the unit that becomes tasks, one a partition. Topics have their full names. */
export interface SubTopology {
  readonly id: number
  readonly nodes: readonly NodeDefinition[]
  readonly stores: ReadonlyArray<{ readonly definition: StoreDefinition; readonly changelogTopic: string | null }>
  readonly sourceTopics: readonly string[]
  readonly sourcePatterns: readonly RegExp[]
  readonly sinkTopics: readonly string[]
  readonly repartitionSourceTopics: ReadonlyMap<string, InternalTopic>
  readonly changelogTopics: ReadonlyMap<string, InternalTopic>
  /** Undefined: stream time never advances without a record. */
  readonly idle?: IdleInputs
}

/** When the inputs of a sub-topology count as idle. */
export interface IdleInputs {
  /** The longest `idleAfter` of its sources and of those that its repartition topics come from. */
  readonly afterMs: number
  /** The most repartition topics between such a source and this sub-topology: what is upstream of them closes before. */
  readonly hops: number
}

/** The global stores with their sources and processors: what one global task of each instance runs. */
export interface GlobalTopology {
  readonly nodes: readonly NodeDefinition[]
  readonly stores: readonly GlobalStoreDefinition[]
}

/** Topics that need equal partition counts. */
export interface CopartitionGroup {
  /** For errors: the operators that need it. */
  readonly operator: string
  /** Full names. */
  readonly topics: readonly string[]
  /** Of sources: what they match belongs to the group. */
  readonly patterns: readonly RegExp[]
}

export interface CompiledTopology {
  readonly applicationId: string
  readonly subTopologies: readonly SubTopology[]
  readonly global: GlobalTopology
  readonly copartitionGroups: readonly CopartitionGroup[]
  /** The full name of a topic of a definition: internal topics get the application id in front. */
  topicName(topic: string): string
}
