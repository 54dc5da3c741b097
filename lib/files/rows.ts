import { StreamsError } from '../errors'
import type { RecordContext } from '../record/record-context'
import type { FileOptions, FileRecord } from './file'

/** What goes wrong with a file. */
export const fileError = (path: string, line: number | undefined, problem: string, cause?: unknown): StreamsError =>
  new StreamsError('FILE_FAILED', `${path}${line === undefined ? '' : `:${line}`}: ${problem}`, {}, { cause })

export const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error)

export const recordOf = <Row>(path: string, row: Row, line: number, options: FileOptions<Row>): FileRecord => {
  try {
    const given = options.timestamp?.(row)
    const timestamp = options.timestamp && (given == null ? Number.NaN : Number(given))
    if (timestamp !== undefined && !(Number.isSafeInteger(timestamp) && timestamp >= 0)) {
      throw new RangeError(
        `its timestamp is ${given == null ? given : timestamp}: return whole milliseconds since 1970, or a valid Date`,
      )
    }
    return {
      key: options.key?.(row) ?? null,
      value: options.value ? options.value(row) : row,
      line,
      ...(timestamp === undefined ? {} : { timestamp }),
    }
  } catch (error) {
    throw fileError(path, line, `the row can't be made a record: ${messageOf(error)}`, error)
  }
}

export const rowOf = <Row>({ row }: FileOptions<Row>, value: unknown, key: unknown, meta: RecordContext): unknown =>
  row ? row(value as never, key as never, meta) : value

/** The line that `make` returns for a record. */
export const lineOf = (path: string, make: () => string): string => {
  try {
    return make()
  } catch (error) {
    throw fileError(path, undefined, `a record can't be made a row: ${messageOf(error)}`, error)
  }
}
