import { TypedOuterJoinStore } from '../../lib/state/join/outer-join-store'
import type { Subscription } from '../../lib/serdes/foreign-key/subscription'
import type { Serde } from '../../lib/serdes/serde'
import { string } from '../../lib/serdes/string'
import type { KeyValueStore, StateStore } from '../../lib/state/store'
import { LoggedSuppressionBuffer } from '../../lib/state/buffer/suppression-buffer'
import { LoggedSubscriptionStore } from '../../lib/state/subscriptions/subscription-store'
import { TypedVersionedStore } from '../../lib/state/versioned/typed-versioned-store'
import { Windowed } from '../../lib/record/windowed'
import type { StoreRow } from './case'
import { isValueAndTimestamp } from './java/value-and-timestamp'
import { NO_HEADERS } from '../../lib/record/headers'

/** The rows of a store as a case shows them: `[key, value, timestamp]`. */
export async function storeRows(store: StateStore): Promise<StoreRow[]> {
  if (store instanceof TypedOuterJoinStore) return unjoinedRows(store)
  // a buffer has no reads in Java
  if (store instanceof LoggedSuppressionBuffer) return []
  if (store instanceof TypedVersionedStore) return versionedRows(store)
  if (store instanceof LoggedSubscriptionStore) return subscriptionRows(store)
  // buffers, which Java can't show either
  if (!('all' in store)) return []
  const rows: StoreRow[] = []
  for await (const [stored, value] of (store as KeyValueStore<unknown, unknown>).all()) {
    const key = stored instanceof Windowed ? windowedKey(stored, store) : stored
    rows.push(isValueAndTimestamp(value) ? [key, value.value, value.timestamp] : [key, value, null])
  }
  return rows
}

const windowedKey = ({ key, window: { start, end } }: Windowed<unknown>, store: StateStore): unknown => ({
  key,
  // an unlimited window ends with Java's largest long
  window: { start, end: Math.min(end, 2 ** 63), type: 'findSessions' in store ? 'session' : 'time' },
})

/** With all versions, newest first. */
async function versionedRows(store: TypedVersionedStore<unknown, unknown>): Promise<StoreRow[]> {
  const rows: StoreRow[] = []
  for await (const key of store.keys()) {
    const versions = store.versions(key, { reverse: true }).map(({ value, timestamp, validTo }) => ({
      value,
      timestamp,
      validTo: validTo === Infinity ? null : validTo,
    }))
    const latest = store.get(key)
    if (versions.length > 0) rows.push([key, latest?.value ?? null, latest?.timestamp ?? null, versions])
  }
  return rows
}

const INSTRUCTIONS = {
  unsubscribe: 'DELETE_KEY_NO_PROPAGATE',
  'unsubscribe and answer': 'DELETE_KEY_AND_PROPAGATE',
  answer: 'PROPAGATE_NULL_IF_NO_FK_VAL_AVAILABLE',
  'answer if present': 'PROPAGATE_ONLY_IF_FK_VAL_AVAILABLE',
}

async function subscriptionRows(store: LoggedSubscriptionStore): Promise<StoreRow[]> {
  const rows: StoreRow[] = []
  const app = {
    applicationId: '',
    defaultKeySerde: string() as Serde<unknown>,
    defaultValueSerde: string() as Serde<unknown>,
  }
  const serde = store.serde.completed(app) as Serde<Subscription<unknown>>
  for await (const [key, { value, timestamp }] of store.all()) {
    const { instruction, primaryKey, primaryPartition, hash } = serde.deserialize('', value, NO_HEADERS)
    const halves = hash && [hash.readBigInt64BE(0), hash.readBigInt64BE(8)].map(String)
    rows.push([
      { b64: key.toString('base64') },
      {
        instruction: INSTRUCTIONS[instruction],
        primaryKey: primaryKey instanceof Windowed ? windowedKey(primaryKey, store) : primaryKey,
        version: primaryPartition === null ? 0 : 1,
        primaryPartition,
        hash: halves,
      },
      timestamp,
    ])
  }
  return rows
}

async function unjoinedRows(store: TypedOuterJoinStore<unknown, unknown, unknown>): Promise<StoreRow[]> {
  const rows: StoreRow[] = []
  for await (const [{ key, timestamp, isLeft }, value] of store.all()) {
    const side = isLeft ? 'left' : 'right'
    rows.push([{ key, timestamp, side }, { [side]: value }, null])
  }
  return rows
}
