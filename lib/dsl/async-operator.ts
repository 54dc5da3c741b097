import type { ResultKind } from '../operators/async/async-results'
import type { AsyncCallback } from '../operators/async/async-callback'
import type { AsyncBatchAction, AsyncValueMapper } from '../operators/callbacks'
import { pendingStore } from '../state/pending/pending-store'
import { requiringValue } from '../topology/tombstones'
import { append, type GraphReference, type NewReference } from './graph-reference'
import { type AsyncBatching, type AsyncOptions, asyncSettings, gatherSettings } from './options/async-options'
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
  callback: AsyncValueMapper<K, V, R> | AsyncBatchAction<K, V>,
  given: string | (AsyncOptions<K, V> & Partial<AsyncBatching>) | undefined,
  behind: (name: string) => NewReference<KR, VR>,
): GraphReference<KR, VR> {
  const { naming } = stream.context
  const options = withName<AsyncOptions<K, V> & Partial<AsyncBatching>>(given)
  const name = naming.node(PREFIXES[result], options.name)
  const storeName = options.name === undefined ? naming.store(PREFIXES[result]) : `${name}-pending`
  const store = pendingStore<K, V>(storeName, {
    operator: name,
    key: options.pending?.key ?? stream.keySerde,
    value: options.pending?.value ?? stream.valueSerde,
  })
  const settings = asyncSettings(options as AsyncOptions<never, never> & Partial<AsyncBatching>)
  const called: AsyncCallback =
    options.batch === undefined
      ? { per: 'record', call: requiringValue(stream, callback as AsyncValueMapper<K, V, R>) }
      : {
          per: 'batch',
          call: callback as AsyncBatchAction<K, V>,
          check: requiringValue(stream, () => {}),
          gather: gatherSettings(options.batch),
        }
  const node = { kind: 'async', name, callback: called, result, settings, store } as const
  return append(stream, node, behind(name))
}
