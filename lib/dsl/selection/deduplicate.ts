import { toMilliseconds } from '../../durations'
import { bytes } from '../../serdes/bytes'
import { KeyedIdSerde } from '../../serdes/keyed-id'
import { plainFormat } from '../../state/key-value/value-format'
import { windowStoreBuilder } from '../../state/window/window-stores'
import { requiringValue } from '../../topology/tombstones'
import type { GraphReference } from '../graph-reference'
import { lateName } from '../late-records'
import type { Deduplicated } from '../options/deduplicated'
import { keyedInput } from './keyed-input'
import { select, type Selected } from './selected'

export function deduplicate<K, V>(
  position: GraphReference<K, V>,
  options: Deduplicated<K, V>,
  takesLate: boolean,
): Selected<K, V> {
  const { source, name, store, persistent, logging } = keyedInput(position, 'KSTREAM-DEDUPLICATE-', options)
  const withinMs = toMilliseconds(options.within, 'within')
  // a record may be `within` behind stream time, and the one that it repeats `within` older
  const retentionMs = 2 * withinMs + 1
  const builder = windowStoreBuilder<unknown, Buffer, Buffer>({
    name: store,
    format: plainFormat(),
    key: options.by === undefined ? source.keySerde : new KeyedIdSerde(source.keySerde),
    value: bytes(),
    retentionMs,
    windowSizeMs: withinMs,
    bucketMs: retentionMs,
    persistent,
    logging,
  })
  const by = options.by === undefined ? null : requiringValue(source, options.by)
  const late = takesLate ? lateName(source.context, options.name) : undefined
  return select(source, { kind: 'deduplicate', name, by, withinMs, store: builder, late }, late)
}
