/** Header names and values in the order in which they were written; a name may repeat. */
export type RecordHeaders = ReadonlyArray<readonly [name: string, value: Buffer | null]>

/** The one empty list: records without headers share it. */
export const NO_HEADERS: RecordHeaders = Object.freeze([])

/** A copy that outlives the record: values are views, each of which would keep a whole fetch response in memory. */
export const keptHeaders = (headers: RecordHeaders): RecordHeaders =>
  headers.length === 0
    ? NO_HEADERS
    : headers.map(([name, value]) => [name, value === null ? null : Buffer.from(value)] as const)
