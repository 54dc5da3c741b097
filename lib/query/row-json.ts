import { NO_HEADERS } from '../record/headers'
import type { Serde } from '../serdes/serde'
import { toJson } from './json-values'
import type { Position } from './query-types'
import type { CatalogStore } from './store-catalog'
import type { Row } from './store-query'

/** How keys and values are shown: as JSON for readers, or as the store's own bytes, in base64, for instances. */
export type Format = 'json' | 'bytes'

type Shown = Readonly<Record<string, unknown>>

/** A row as a JSON object, with more fields after its own. */
export const rowJson = (row: Row, store: CatalogStore, format: Format, more: Shown = {}): string => {
  const { key, value, validTo, ...rest } = row
  const shown = {
    ...('key' in row ? { key: format === 'json' ? key : bytesText(store.keySerde, store, key) } : {}),
    ...rest,
    value: format === 'json' ? value : bytesText(store.valueSerde, store, value),
    ...(validTo === undefined ? {} : { validTo: validTo === Infinity ? null : validTo }),
    ...more,
  }
  return toJson(shown)
}

/** What `rowJson` made of a row in the format `bytes`; `undefined` if there is no value. */
export const rowOfJson = (shown: Shown, store: CatalogStore): Row | undefined => {
  const { key, value, start, end, timestamp, validTo } = shown
  if (typeof value !== 'string') return undefined
  return {
    ...(typeof key === 'string'
      ? { key: store.keySerde.deserialize(store.topic, Buffer.from(key, 'base64'), NO_HEADERS) }
      : {}),
    ...(typeof start === 'number' ? { start } : {}),
    ...(typeof end === 'number' ? { end } : {}),
    ...(typeof timestamp === 'number' ? { timestamp } : {}),
    ...(validTo === undefined ? {} : { validTo: typeof validTo === 'number' ? validTo : Infinity }),
    value: store.valueSerde.deserialize(store.topic, Buffer.from(value, 'base64'), NO_HEADERS),
  }
}

/** The line after the rows of a scan. In the rows of windows and sessions, `end` is a time. */
export const isLastLine = (
  shown: Shown,
): shown is {
  readonly end: { readonly truncated?: boolean; readonly position?: Position; readonly stale?: boolean }
} => typeof shown.end === 'object' && shown.end !== null

const bytesText = (serde: Serde<unknown>, { topic }: CatalogStore, value: unknown): string =>
  (serde.serialize(topic, value, NO_HEADERS) ?? Buffer.alloc(0)).toString('base64')
