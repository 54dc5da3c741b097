import { BOOLEAN, type Kind, NAME, optional, options } from '../../arguments'
import { void as voidSerde } from '../../serdes/void'
import { idleMilliseconds, SOURCE_KINDS, type SourceOptions } from '../../topology/topology'
import type { SourceSettings } from '../../topology/graph/node'
import type { NamedOptions } from './named'

/** How a stream or table reads its topic. The serdes give it its types. */
export interface Consumed<K, V> extends SourceOptions<K, V>, NamedOptions {}

/**
 * How a global table or store reads its topic: in full. As in Kafka Streams its records keep their own timestamps:
 * `timestampExtractor` has no effect.
 */
export type GlobalConsumed<K, V> = Omit<Consumed<K, V>, 'idleAfter'>

/** How a stream reads its topics. */
export interface StreamConsumed<K, V> extends Consumed<K, V> {
  /**
   * The topic has tombstones, and the stream's type says so: `V | null`. Without it, callbacks get values only, and a
   * tombstone that reaches one fails. Default: false; true if no serde gives the values a type.
   */
  nullable?: boolean
}

/** If the serde's own type includes `null`, `nullable` must be set. */
export type NullableWhereTyped<V> = unknown extends V
  ? unknown
  : [V] extends [null]
    ? unknown
    : null extends V
      ? { nullable: true }
      : unknown

/** What the stream was read from, if its type has no `null`. */
export function typedWithoutNull<K, V>(
  topics: string | readonly string[] | RegExp,
  { value, nullable = value === undefined || value === voidSerde() }: StreamConsumed<K, V>,
): string | undefined {
  if (nullable) return undefined
  if (topics instanceof RegExp) return `topics like ${topics.source}`
  return typeof topics === 'string' ? `topic "${topics}"` : `topics "${topics.join('", "')}"`
}

export function sourceSettings<K, V>({
  key,
  value,
  timestampExtractor,
  offsetReset,
  idleAfter,
}: Consumed<K, V>): SourceSettings {
  const idleAfterMs = idleMilliseconds(idleAfter)
  return {
    keySerde: key,
    valueSerde: value,
    timestampExtractor,
    offsetReset,
    ...(idleAfterMs !== undefined && { idleAfterMs }),
  }
}

const KINDS: Readonly<Record<keyof Consumed<unknown, unknown>, Kind>> = { name: NAME, ...SOURCE_KINDS }

export const CONSUMED = optional(options<Consumed<unknown, unknown>>(KINDS))

const { idleAfter: _, ...GLOBAL_KINDS } = KINDS

export const GLOBAL_CONSUMED_OPTIONS = options<GlobalConsumed<unknown, unknown>>(GLOBAL_KINDS)

export const GLOBAL_CONSUMED = optional(GLOBAL_CONSUMED_OPTIONS)

export const STREAM_CONSUMED = optional(options<StreamConsumed<unknown, unknown>>({ ...KINDS, nullable: BOOLEAN }))
