/** Header names and values in the order in which they were written; a name may repeat. */
export type RecordHeaders = ReadonlyArray<readonly [name: string, value: Buffer | null]>

/** Whether they are what they are typed as. A text in place of bytes would be written as other bytes, without a word. */
export const areHeaders = (value: unknown): value is RecordHeaders => Array.isArray(value) && value.every(isHeader)

/** Bytes of any realm: tests run in one of their own. */
const isHeader = (header: unknown): boolean =>
  Array.isArray(header) && typeof header[0] === 'string' && (header[1] === null || ArrayBuffer.isView(header[1]))

/** The one empty list: records without headers share it. */
export const NO_HEADERS: RecordHeaders = Object.freeze([])

/** A copy that outlives the record: values are views, each of which would keep a whole fetch response in memory. */
export const keptHeaders = (headers: RecordHeaders): RecordHeaders =>
  headers.length === 0
    ? NO_HEADERS
    : headers.map(([name, value]) => [name, value === null ? null : Buffer.from(value)] as const)
