import type { OffsetReset } from '../../../lib/topology/offset-reset'
import type { Serde } from '../../../lib/serdes/serde'
import { streamPartitioner, timestampExtractor, type JavaPartitioner } from './functions'
import { isJavaSerde, type JavaSerde } from './serdes'
import { keyValueStore } from '../../../lib/state/stores'
import { versionedKeyValueStore } from '../../../lib/state/versioned/versioned-key-value-store'
import type { StoreSupplier, VersionedStoreSupplier } from './stores'
import { isWindowSupplier, storeOf, type WindowStoreSupplier } from './window-stores'

/* Java's parameter objects, as fragments of our options: a call merges the fragments it was given. */

export abstract class Options {
  readonly fragment: Record<string, unknown> = {}

  protected set(fragment: Record<string, unknown>): this {
    for (const [name, value] of Object.entries(fragment)) if (value !== undefined) this.fragment[name] = value
    return this
  }
}

/** The options of a call: everything it was given, merged. */
export function merged(args: readonly unknown[]): never {
  return Object.assign({}, ...args.filter((arg) => arg instanceof Options).map((arg) => arg.fragment)) as never
}

/** `with([name,] key, value [, third])` */
export function withSerdes(
  args: readonly unknown[],
  names: readonly string[] = ['key', 'value'],
): Record<string, unknown> {
  const serdes = args.filter((arg) => isJavaSerde(arg) || arg === null) as Array<JavaSerde | null>
  const name = args.find((arg) => typeof arg === 'string')
  return Object.fromEntries([['name', name], ...names.map((field, i) => [field, serdes[i]?.serde])])
}

abstract class Serialized extends Options {
  withName(name: string): this {
    return this.set({ name })
  }
  withKeySerde(serde: JavaSerde): this {
    return this.set({ key: serde.serde })
  }
  withValueSerde(serde: JavaSerde): this {
    return this.set({ value: serde.serde })
  }
}

export class Named extends Options {
  static as = (name: string): Named => new Named().set({ name })
}

export class Consumed extends Serialized {
  static as = (name: string): Consumed => new Consumed().set({ name })
  static with = (...args: unknown[]): Consumed => {
    const extractor = args.find((arg) => typeof arg === 'function')
    const consumed = new Consumed().set(withSerdes(args))
    return extractor ? consumed.withTimestampExtractor(extractor as never) : consumed
  }
  withOffsetResetPolicy(offsetReset: OffsetReset): this {
    return this.set({ offsetReset })
  }
  withTimestampExtractor(extractor: Parameters<typeof timestampExtractor>[0]): this {
    return this.set({ timestampExtractor: timestampExtractor(extractor) })
  }
}

export const AutoOffsetReset = {
  earliest: (): OffsetReset => 'earliest',
  latest: (): OffsetReset => 'latest',
  none: (): OffsetReset => 'none',
  byDuration: (byDuration: number): OffsetReset => ({ byDuration }),
}

export class Produced extends Serialized {
  static as = (name: string): Produced => new Produced().set({ name })
  static with = (...args: unknown[]): Produced => {
    const partitioner = args.find((arg) => typeof arg === 'function') as JavaPartitioner | undefined
    const produced = new Produced().set(withSerdes(args))
    return partitioner ? produced.withStreamPartitioner(partitioner) : produced
  }
  static keySerde = (serde: JavaSerde): Produced => new Produced().withKeySerde(serde)
  static valueSerde = (serde: JavaSerde): Produced => new Produced().withValueSerde(serde)
  static streamPartitioner = (partitioner: JavaPartitioner): Produced =>
    new Produced().withStreamPartitioner(partitioner)
  withStreamPartitioner(partitioner: JavaPartitioner): this {
    return this.set({ partitioner: streamPartitioner(partitioner) })
  }
}

export class Grouped extends Serialized {
  static as = (name: string): Grouped => new Grouped().set({ name })
  static with = (...args: unknown[]): Grouped => new Grouped().set(withSerdes(args))
  static keySerde = (serde: JavaSerde): Grouped => new Grouped().withKeySerde(serde)
  static valueSerde = (serde: JavaSerde): Grouped => new Grouped().withValueSerde(serde)
}

export class Repartitioned extends Serialized {
  static as = (name: string): Repartitioned => new Repartitioned().set({ name })
  static with = (...args: unknown[]): Repartitioned => new Repartitioned().set(withSerdes(args))
  static numberOfPartitions = (count: number): Repartitioned => new Repartitioned().withNumberOfPartitions(count)
  static streamPartitioner = (partitioner: JavaPartitioner): Repartitioned =>
    new Repartitioned().withStreamPartitioner(partitioner)
  withNumberOfPartitions(partitions: number): this {
    return this.set({ partitions })
  }
  withStreamPartitioner(partitioner: JavaPartitioner): this {
    return this.set({ partitioner: streamPartitioner(partitioner) })
  }
}

const versionedStoreOf = ({ name, ...options }: VersionedStoreSupplier) => versionedKeyValueStore(name, options)

export class Materialized extends Serialized {
  static as = (store: string | StoreSupplier | VersionedStoreSupplier | WindowStoreSupplier): Materialized =>
    new Materialized().set(
      typeof store === 'string'
        ? { store }
        : isWindowSupplier(store)
          ? { store: storeOf(store) }
          : 'historyRetention' in store
            ? { store: versionedStoreOf(store) }
            : 'maxEntries' in store
              ? { store: keyValueStore(store.name, { maxEntries: store.maxEntries }) }
              : { store: store.name, storeType: store.persistent ? 'persistent' : 'in-memory' },
    )
  static with = (...args: unknown[]): Materialized => new Materialized().set({ ...withSerdes(args), name: undefined })
  withRetention(retention: number): this {
    return this.set({ retention })
  }
  withCachingEnabled(): this {
    return this.set({ caching: true })
  }
  withCachingDisabled(): this {
    return this.set({ caching: false })
  }
  withLoggingEnabled(configs: ReadonlyMap<string, string>): this {
    return this.set({ logging: Object.fromEntries(configs) })
  }
  withLoggingDisabled(): this {
    return this.set({ logging: false })
  }
}

export class TableJoined extends Options {
  static as = (name: string): TableJoined => new TableJoined().set({ name })
  static with = (partitioner: JavaPartitioner | null, otherPartitioner: JavaPartitioner | null): TableJoined =>
    new TableJoined().withPartitioner(partitioner).withOtherPartitioner(otherPartitioner)
  withName(name: string): this {
    return this.set({ name })
  }
  withPartitioner(partitioner: JavaPartitioner | null): this {
    return this.set({ partitioner: partitioner ? streamPartitioner(partitioner) : undefined })
  }
  withOtherPartitioner(partitioner: JavaPartitioner | null): this {
    return this.set({ otherPartitioner: partitioner ? streamPartitioner(partitioner) : undefined })
  }
}

export interface BranchOptions {
  readonly name?: string
  readonly chain?: (stream: never) => unknown
  readonly consumes?: boolean
}

export class Branched {
  private constructor(readonly options: BranchOptions) {}
  static as = (name: string): Branched => new Branched({ name })
  static withFunction = (chain: BranchOptions['chain'], name?: string): Branched => new Branched({ name, chain })
  static withConsumer = (chain: BranchOptions['chain'], name?: string): Branched =>
    new Branched({ name, chain, consumes: true })
}

export type AnySerde = Serde<unknown>
