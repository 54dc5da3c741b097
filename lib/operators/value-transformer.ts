import type { ProcessorContext } from './processor'
import type { RecordContext } from '../record/record-context'

/** A value transformer's access to its task: everything but forwarding. */
export type ValueTransformerContext = Omit<ProcessorContext<never, never>, 'forward'>

/**
 * Transforms the values of a table, with stores and punctuations if needed. One instance per task, and one
 * more for each join that looks up rows of the table if it has no store.
 */
export interface ValueTransformer<K, V, VR> {
  /** Called once, before the first value. */
  init?(context: ValueTransformerContext): void
  /** Called for deletes, too, with `null`. What it returns is the row's value; `null` deletes. */
  transform(value: V | null, key: K, meta: RecordContext): VR | null
  /** Called when the task ends or moves away, which is released when a promise is settled. */
  close?(): void | Promise<void>
}

/** Creates the transformer of each task: never return the same instance twice. */
export type ValueTransformerSupplier<K, V, VR> = () => ValueTransformer<K, V, VR>
