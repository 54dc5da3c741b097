/** Why a record was dropped: the categories of the counts. */
export type DropReason =
  /** The operator needs a key, a value or a foreign key that is null. */
  | 'null-key-or-value'
  /** Its window has closed, or it is older than the store keeps. */
  | 'late'
  /** A newer version of the row is known already. */
  | 'out-of-order'
  /** The timestamp extractor returned a negative timestamp. */
  | 'invalid-timestamp'
  /** The partitioner of a sink chose no partition. */
  | 'no-partition'
  /** Something failed, and an exception handler said `continue`. */
  | 'error'
