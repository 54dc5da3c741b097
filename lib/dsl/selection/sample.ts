import type { Serde } from '../../serdes/serde'
import { long } from '../../serdes/numbers'
import { keyValueStore } from '../../state/stores'
import { requiringValue } from '../../topology/tombstones'
import type { GraphReference } from '../graph-reference'
import type { Sampled } from '../options/sampled'
import { keyedInput } from './keyed-input'
import { select } from './selected'

const PREFIX = 'KSTREAM-SAMPLE-'

export function sample<K, V>(position: GraphReference<K, V>, options: Sampled<K, V>): GraphReference<K, V> {
  if ('every' in options) {
    const { source, name, store, persistent, logging } = keyedInput(position, PREFIX, options)
    const kept = { key: source.keySerde, value: long(), persistent, logging, caching: true }
    const builder = keyValueStore(store, kept)
    return select(source, { kind: 'sample-every', name, every: options.every, store: builder }).records
  }
  const { fraction } = options
  const name = position.context.naming.node(PREFIX, options.name)
  const keySerde = (options.key as Serde<K> | undefined) ?? position.keySerde
  const by = options.by === undefined ? null : requiringValue(position, options.by)
  return select(position, { kind: 'sample-fraction', name, fraction, by, keySerde }).records
}
