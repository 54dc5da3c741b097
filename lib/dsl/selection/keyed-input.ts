import type { Serde } from '../../serdes/serde'
import { validateName } from '../../topology/naming/names'
import { append, type GraphReference } from '../graph-reference'
import type { KeptByKey } from '../options/kept-by-key'
import { repartitionNode } from '../repartition'

/** What an operator that keeps something for each key is made of. */
export interface KeyedInput<K, V> {
  /** The stream, behind a repartition topic if its key may have changed. */
  readonly source: GraphReference<K, V>
  /** Of the operator. */
  readonly name: string
  /** Of its store. */
  readonly store: string
  readonly persistent: boolean
  readonly logging: boolean | Readonly<Record<string, string>>
}

/** Takes an index for the operator, one for its store if that has no name, and those of a repartition topic if it needs one. */
export function keyedInput<K, V>(
  position: GraphReference<K, V>,
  prefix: string,
  { name: given, store: named, key, value, logging = true, storeType }: KeptByKey<K, V>,
): KeyedInput<K, V> {
  const { naming, defaultStoreType } = position.context
  const name = naming.node(prefix, given)
  const store = named === undefined ? naming.store(prefix) : validateName(named, 'the store name')
  // what a serde has written it also reads
  const keySerde = (key as Serde<K> | undefined) ?? position.keySerde
  const valueSerde = (value as Serde<V> | undefined) ?? position.valueSerde
  const persistent = (storeType ?? defaultStoreType) === 'persistent'
  return {
    source: repartitioned({ ...position, keySerde, valueSerde }, given ?? store),
    name,
    store,
    persistent,
    logging,
  }
}

function repartitioned<K, V>(position: GraphReference<K, V>, named: string): GraphReference<K, V> {
  const { context, keySerde, valueSerde, repartitionRequired, typedWithoutNull } = position
  if (!repartitionRequired) return position
  const node = repartitionNode(context.naming, named, { keySerde, valueSerde, implicit: true })
  return append(position, node, { name: node.name, keySerde, valueSerde, typedWithoutNull })
}
