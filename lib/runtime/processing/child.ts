import type { StreamRecord } from '../../record/stream-record'
import type { Serde } from '../../serdes/serde'
import { reachable } from '../../topology/graph/reachable'

/** A receiver of records: a processor or a sink. */
export interface Child {
  readonly name: string
  /**
   * Whether a value that is not null makes a difference here; of one that `writtenBy` has written, whether more is needed
   * than its bytes.
   */
  readsValues(writtenBy?: Serde<unknown>): boolean
  /** Those that get the values that it gets. */
  readonly forwardsValuesTo: readonly Child[]
  process(record: StreamRecord<unknown, unknown>): void
}

/** Whether one of the children, or of what is downstream of them, reads the values that the children get. */
export const someReadValues = (children: Iterable<Child>, writtenBy?: Serde<unknown>): boolean => {
  for (const child of reachable(children, ({ forwardsValuesTo }) => forwardsValuesTo)) {
    if (child.readsValues(writtenBy)) return true
  }
  return false
}
