import { NAME, optional, options } from '../../arguments'
import { SOURCE_KINDS, type SourceOptions } from '../../topology/topology'
import type { SourceSettings } from '../../topology/graph/node'
import type { NamedOptions } from './named'

/** How a stream or table reads its topic. The serdes give it its types. */
export interface Consumed<K, V> extends SourceOptions<K, V>, NamedOptions {}

export function sourceSettings<K, V>({ key, value, timestampExtractor, offsetReset }: Consumed<K, V>): SourceSettings {
  return { keySerde: key, valueSerde: value, timestampExtractor, offsetReset }
}

export const CONSUMED_OPTIONS = options<Consumed<unknown, unknown>>({ name: NAME, ...SOURCE_KINDS })

export const CONSUMED = optional(CONSUMED_OPTIONS)
