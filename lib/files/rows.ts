import { StreamsError } from '../errors'
import type { FileOptions, FileRecord } from './file'

/** What goes wrong with a file. */
export const fileError = (path: string, line: number | undefined, problem: string, cause?: unknown): StreamsError =>
  new StreamsError('FILE_FAILED', `${path}${line === undefined ? '' : `:${line}`}: ${problem}`, {}, { cause })

export const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error)

export const recordOf = <Row>(path: string, row: Row, line: number, options: FileOptions<Row>): FileRecord => {
  try {
    const timestamp = options.timestamp && Number(options.timestamp(row))
    if (timestamp !== undefined && !(timestamp >= 0)) {
      throw new RangeError(`its timestamp is ${timestamp}: return milliseconds since 1970, or a valid Date`)
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
