import type { ResultKind } from '../operators/async/async-results'
import type { AsyncValueMapper } from '../operators/callbacks'
import { pendingStore } from '../state/pending/pending-store'
import { requiringValue } from '../topology/tombstones'
import { append, type GraphReference, type NewReference } from './graph-reference'
import { type AsyncOptions, asyncSettings } from './options/async-options'
import { withName } from './options/named'

/** Of generated names, by what the operator's calls return. */
const PREFIXES: Readonly<Record<ResultKind, string>> = {
  value: 'KSTREAM-MAPVALUES-ASYNC-',
  record: 'KSTREAM-MAP-ASYNC-',
  values: 'KSTREAM-FLATMAPVALUES-ASYNC-',
  keep: 'KSTREAM-FILTER-ASYNC-',
  nothing: 'KSTREAM-FOREACH-ASYNC-',
}

/** An operator that makes calls, and the store of the records that it holds. */
export function asyncOperator<K, V, R, KR, VR>(
  stream: GraphReference<K, V>,
  result: ResultKind,
  callback: AsyncValueMapper<K, V, R>,
  given: string | AsyncOptions<K, V> | undefined,
  behind: (name: string) => NewReference<KR, VR>,
): GraphReference<KR, VR> {
  const { naming } = stream.context
  const options = withName<AsyncOptions<K, V>>(given)
  const name = naming.node(PREFIXES[result], options.name)
  const storeName = options.name === undefined ? naming.store(PREFIXES[result]) : `${name}-pending`
  const store = pendingStore<K, V>(storeName, {
    operator: name,
    key: options.pending?.key ?? stream.keySerde,
    value: options.pending?.value ?? stream.valueSerde,
  })
  const settings = asyncSettings(options as AsyncOptions<never, never>)
  const node = { kind: 'async', name, callback: requiringValue(stream, callback), result, settings, store } as const
  return append(stream, node, behind(name))
}
