import type { ProcessorContext } from './processor'
import type { RecordContext } from '../record/record-context'

/** What a value transformer can reach of its task: everything but forwarding. */
export type ValueTransformerContext = Omit<ProcessorContext<never, never>, 'forward'>

/**
 * Makes values of a table out of others, with stores and punctuations if it needs them. One instance per task, and one
 * more for each join that looks rows of the table up while it has no store.
 */
export interface ValueTransformer<K, V, VR> {
  /** Called once, before the first value. */
  init?(context: ValueTransformerContext): void
  /** Called for deletes, too, with `null`. What it returns is the row's value; `null` deletes. */
  transform(value: V | null, key: K, meta: RecordContext): VR | null
  /** Called when the task ends or moves away. */
  close?(): void
}

/** Makes the transformer of each task: never return the same instance twice. */
export type ValueTransformerSupplier<K, V, VR> = () => ValueTransformer<K, V, VR>
