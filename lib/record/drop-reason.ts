/** Why a record was dropped: the categories of the counts. */
export type DropReason =
  /** It has no key, and the operator needs one. */
  | 'null-key'
  /** It has no value, and the operator needs one. */
  | 'null-value'
  /** The key by which it refers to another table's row is null. */
  | 'null-foreign-key'
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
