import type { KeyValueStore, StateStore } from '../../lib/state/store'
import type { StoreRow } from './case'
import { isValueAndTimestamp } from './java/stores'

/** The rows of a store as a case shows them: `[key, value, timestamp]`. */
export async function storeRows(store: StateStore): Promise<StoreRow[]> {
  const rows: StoreRow[] = []
  for await (const [key, value] of (store as KeyValueStore<unknown, unknown>).all()) {
    rows.push(isValueAndTimestamp(value) ? [key, value.value, value.timestamp] : [key, value, null])
  }
  return rows
}
