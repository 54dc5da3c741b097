import { either, NAME, optional, options } from '../../arguments'
import {
  STORE_LIST,
  STORE_REFERENCES,
  type StoreReference,
  type StoreReferences,
  storeReferences,
} from '../../topology/store-reference'
import type { NamedOptions } from './named'

/** The name of a processor inside a stream, and the stores it uses, by name or by handle. */
export interface ProcessOptions extends NamedOptions {
  /**
   * The stores that the processor may use. Handles add their stores to the topology; names refer to stores added before.
   */
  stores?: StoreReferences
}

/** Options, or just the stores. */
export type Processed = ProcessOptions | readonly StoreReference[]

export function processOptions(processed: Processed = {}): { name?: string; stores: readonly StoreReference[] } {
  if (isList(processed)) return { stores: processed }
  return { name: processed.name, stores: storeReferences(processed.stores ?? []) }
}

function isList(processed: Processed): processed is readonly StoreReference[] {
  return Array.isArray(processed)
}

export const PROCESSED = optional(either(STORE_LIST, options<ProcessOptions>({ name: NAME, stores: STORE_REFERENCES })))
