import type { BatchAction } from '../operators/batch/batch'
import { pendingStore } from '../state/pending/pending-store'
import { requiringValue } from '../topology/tombstones'
import { append, type GraphReference } from './graph-reference'
import { type Batched, batchSettings } from './options/batched'
import { withName } from './options/named'

const PREFIX = 'KSTREAM-FOREACH-BATCH-'

export function forEachBatch<K, V>(
  stream: GraphReference<K, V>,
  action: BatchAction<K, V>,
  given: string | Batched<K, V> | undefined,
): void {
  const { naming } = stream.context
  const options = withName<Batched<K, V>>(given)
  const name = naming.node(PREFIX, options.name)
  const store = pendingStore<K, V>(options.name === undefined ? naming.store(PREFIX) : `${name}-pending`, {
    operator: name,
    key: options.pending?.key ?? stream.keySerde,
    value: options.pending?.value ?? stream.valueSerde,
  })
  const check = requiringValue(stream, () => {})
  const settings = batchSettings(options as Batched<never, never>)
  append(stream, { kind: 'batch', name, operation: { action, check, settings }, store }, { name })
}
