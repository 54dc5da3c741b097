import type { ValueMapper } from '../operators/callbacks'
import type { KStream } from './kstream'
import type { KTable } from './ktable'
import type { MappedKey } from './options/mapped'
import type { Named } from './options/named'

/** A table of the final results of windows, as `suppress(untilWindowCloses())` returns it: it never deletes a row. */
export interface FinalKTable<K, V> extends KTable<K, V> {
  /**
   * The results as a stream, which has no `null`. With a selector, the records get a new key.
   *
   * @example
   * perHour.suppress(untilWindowCloses()).toStream((_count, { key }) => key).filter((count) => count > 100)
   */
  toStream<KR>(selector: ValueMapper<K, V, KR>, mapped?: string | MappedKey<KR>): KStream<KR, V>
  toStream(named?: Named): KStream<K, V>
}
