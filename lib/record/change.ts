/** An update of a table: `newValue` replaces `oldValue`; `null` is absent. Old values are sent only if a child needs them. */
export class Change<V> {
  constructor(
    readonly newValue: V | null,
    readonly oldValue: V | null,
    /** false only for out-of-order updates of a versioned table */
    readonly isLatest = true,
  ) {}
}
