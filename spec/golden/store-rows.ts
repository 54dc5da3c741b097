import { TypedUnjoinedStore } from '../../lib/state/join/unjoined-store'
import type { KeyValueStore, StateStore } from '../../lib/state/store'
import { Windowed } from '../../lib/state/windowed'
import type { StoreRow } from './case'
import { isValueAndTimestamp } from './java/stores'

/** The rows of a store as a case shows them: `[key, value, timestamp]`. */
export async function storeRows(store: StateStore): Promise<StoreRow[]> {
  if (store instanceof TypedUnjoinedStore) return unjoinedRows(store)
  const rows: StoreRow[] = []
  for await (const [stored, value] of (store as KeyValueStore<unknown, unknown>).all()) {
    const key = stored instanceof Windowed ? windowedKey(stored, store) : stored
    rows.push(isValueAndTimestamp(value) ? [key, value.value, value.timestamp] : [key, value, null])
  }
  return rows
}

const windowedKey = ({ key, window: { start, end } }: Windowed<unknown>, store: StateStore): unknown => ({
  key,
  window: { start, end, type: 'findSessions' in store ? 'session' : 'time' },
})

async function unjoinedRows(store: TypedUnjoinedStore<unknown, unknown, unknown>): Promise<StoreRow[]> {
  const rows: StoreRow[] = []
  for await (const [{ key, timestamp, isLeft }, value] of store.all()) {
    const side = isLeft ? 'left' : 'right'
    rows.push([{ key, timestamp, side }, { [side]: value }, null])
  }
  return rows
}
