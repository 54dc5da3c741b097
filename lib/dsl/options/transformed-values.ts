import { either, NAME, optional, options } from '../../arguments'
import {
  STORE_LIST,
  STORE_REFERENCES,
  type StoreReference,
  type StoreReferences,
  storeReferences,
  TABLE_STORE,
} from '../../topology/store-reference'
import { type Materialized, type MaterializedAs, MATERIALIZED_KINDS } from './materialized'

/** How a table of transformed values is kept, and which other stores its transformer uses. */
export interface TransformedValuesOptions<K, VR> extends Materialized<K, VR> {
  /** By name or by handle. */
  stores?: StoreReferences
}

/** The table's store by its name or handle, all options, or just the stores of the transformer. */
export type TransformedValues<K, VR> =
  MaterializedAs<K, VR> | TransformedValuesOptions<K, VR> | readonly StoreReference[]

export function transformedOptions<K, VR>(
  transformed: TransformedValues<K, VR> = {},
): {
  readonly stores: readonly StoreReference[]
  readonly materialized: MaterializedAs<K, VR>
} {
  if (isList(transformed)) return { stores: transformed, materialized: {} }
  if (typeof transformed === 'string' || !('stores' in transformed)) return { stores: [], materialized: transformed }
  const { stores = [], ...materialized } = transformed
  return { stores: storeReferences(stores), materialized }
}

function isList<K, VR>(transformed: TransformedValues<K, VR>): transformed is readonly StoreReference[] {
  return Array.isArray(transformed)
}

export const TRANSFORMED_VALUES = optional(
  either(
    NAME,
    TABLE_STORE,
    STORE_LIST,
    options<TransformedValuesOptions<unknown, unknown>>({ ...MATERIALIZED_KINDS, stores: STORE_REFERENCES }),
  ),
)
