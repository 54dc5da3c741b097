import { toMilliseconds } from '../../durations'
import { bytes } from '../../serdes/bytes'
import { plainFormat } from '../../state/key-value/value-format'
import { windowStoreBuilder } from '../../state/window/window-stores'
import type { GraphReference } from '../graph-reference'
import { lateName } from '../late-records'
import type { Throttled } from '../options/throttled'
import { keyedInput } from './keyed-input'
import { select, type Selected } from './selected'

export function throttle<K, V>(
  position: GraphReference<K, V>,
  options: Throttled<K, V>,
  takesLate: boolean,
): Selected<K, V> {
  const { source, name, store, persistent, logging } = keyedInput(position, 'KSTREAM-THROTTLE-', options)
  const perMs = toMilliseconds(options.per, 'per')
  const builder = windowStoreBuilder<K, Buffer, Buffer>({
    name: store,
    format: plainFormat(),
    key: source.keySerde,
    value: bytes(),
    retentionMs: 2 * perMs,
    windowSizeMs: perMs,
    bucketMs: 2 * perMs,
    persistent,
    logging,
  })
  const late = takesLate ? lateName(source.context, options.name) : undefined
  return select(source, { kind: 'throttle', name, limit: options.limit, perMs, store: builder, late }, late)
}
