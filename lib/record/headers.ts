/** Header names and values in the order in which they were written; a name may repeat. */
export type RecordHeaders = ReadonlyArray<readonly [name: string, value: Buffer | null]>

/** The one empty list: records without headers share it. */
export const NO_HEADERS: RecordHeaders = Object.freeze([])
