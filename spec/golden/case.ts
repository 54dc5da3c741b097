/** One recorded run of Java Kafka Streams 4.2 in its TopologyTestDriver. */
export interface GoldenCase extends Recorded {
  readonly name: string
  readonly family: string
  readonly about: string
  /** The topology as JavaScript text with the Java names. */
  readonly topology: string
  readonly helpers: Readonly<Record<string, string>>
  readonly config: JavaConfig
  readonly serdes: Readonly<Record<string, { key: string; value: string }>>
  /** Partition counts of output topics, where not 1. */
  readonly partitions?: Readonly<Record<string, number>>
  readonly initialWallClockMs: number
  readonly notes?: readonly string[]
  /** Why outputs after one input have no promised order. */
  readonly unordered?: string
  readonly describe: string | null
  readonly buildError?: { readonly phase: 'build' | 'driver'; readonly chain: readonly JavaError[] }
  readonly inputs: readonly GoldenInput[]
  readonly storeTypes: Readonly<Record<string, { type: string; persistent?: boolean }>>
  readonly internalTopics: GoldenInternalTopics
  readonly metrics: { readonly 'dropped-records-total': number }
  readonly trace?: ReadonlyArray<{ after: number; text: string }>
  readonly withCache?: Variant
  readonly withoutCache?: Variant
  readonly withInMemoryStores?: Variant
}

export type JavaConfig = Readonly<Record<string, string | number | boolean>>

interface JavaError {
  readonly class: string
  readonly message: string
}

/** What a run produced. */
export interface Recorded {
  readonly outputs: readonly GoldenRecord[]
  readonly changelogs: readonly GoldenRecord[]
  readonly stores: Readonly<Record<string, readonly StoreRow[]>>
  readonly error?: { readonly after: number; readonly chain: readonly JavaError[] }
}

/** The same case under another setting: what is missing here is as in the main run. */
export interface Variant extends Partial<Recorded> {
  readonly config: JavaConfig
}

export interface GoldenHeader {
  readonly key: string
  readonly valueB64: string | null
}

export type GoldenInput = GoldenInputRecord | { readonly advanceWallClockMs: number }

export interface GoldenInputRecord {
  readonly topic: string
  readonly keyB64: string | null
  readonly valueB64: string | null
  readonly timestamp: number
  readonly headers?: readonly GoldenHeader[]
}

export interface GoldenRecord {
  readonly after: number
  readonly topic: string
  readonly keyB64: string | null
  readonly valueB64: string | null
  /** `null` where the producer sets it. */
  readonly timestamp: number | null
  readonly headers: readonly GoldenHeader[]
  readonly partition?: number
}

export type StoreRow = readonly unknown[]

export interface GoldenInternalTopics {
  readonly storeToChangelog: Readonly<Record<string, string>>
  readonly subtopologies: ReadonlyArray<{
    readonly subtopology: number
    readonly sourceTopics: readonly string[]
    readonly sinkTopics: readonly string[]
    readonly repartitionSourceTopics: Readonly<Record<string, GoldenTopic>>
    readonly stateChangelogTopics: Readonly<Record<string, GoldenTopic>>
  }>
  readonly copartitionGroups: ReadonlyArray<readonly string[]>
}

interface GoldenTopic {
  readonly config: Readonly<Record<string, string>>
  readonly partitions?: number
}
