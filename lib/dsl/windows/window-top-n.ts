import { COUNT, type Kind } from '../../arguments'
import { requireArgument } from '../../topology-arguments'
import type { StateStore } from '../../state/store'
import type { SessionStoreHandle } from '../../state/session/session-stores'
import type { WindowStoreHandle } from '../../state/window/window-stores'
import { type GraphReference, valuesOf } from '../graph-reference'
import { type RankedBy } from '../options/ranked'
import {
  type ResolvedWindowMaterialized,
  resolveWindowMaterialized,
  type WindowMaterialized,
} from '../options/window-materialized'

type Handle<K, V> = WindowStoreHandle<K, V, StateStore> | SessionStoreHandle<K, V>

/** What `topN` aggregates, and how it is kept, for windows and sessions alike. */
export function windowTopN<K, V>(
  stream: GraphReference<K, V>,
  n: number,
  options: RankedBy<K, V> & WindowMaterialized<K, V[], Handle<K, V[]>>,
  kind: Kind,
) {
  requireArgument(n, COUNT, 'topN', 'n')
  requireArgument(options, kind, 'topN', 'options')
  const { by, ...given } = options
  const resolved = resolveWindowMaterialized(stream.context, given)
  const materialized: ResolvedWindowMaterialized<K, V[]> = {
    ...resolved,
    valueSerde: resolved.valueSerde ?? valuesOf(stream),
  }
  return { materialized, aggregation: { kind: 'top-n', n, by, typedWithoutNull: stream.typedWithoutNull } as const }
}
