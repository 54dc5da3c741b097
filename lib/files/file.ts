import { callback, type Kind, text } from '../arguments'
import type { RecordContext } from '../record/record-context'

/** A record of a file. */
export interface FileRecord {
  /** Default: null. */
  readonly key?: unknown
  /** `null` is a tombstone. */
  readonly value: unknown
  /** In milliseconds since 1970. Default: when the run began. */
  readonly timestamp?: number
  /** Where it begins in the file, counted from 1, for errors. */
  readonly line: number
}

/** A file that a topology reads: `ndjson()`, `csv()`, or a format of your own. */
export interface FileInput {
  /** For errors. */
  readonly path: string
  /** The records, in order. The next one is read when it is asked for. Throws for what is no record. */
  read(): AsyncIterable<FileRecord>
}

/** A file that a topology writes: `ndjson()`, `csv()`, or a format of your own. */
export interface FileOutput {
  /** For errors. */
  readonly path: string
  /** Creates the file, or empties it. */
  open(): Promise<FileWriter>
}

/** An open file. */
export interface FileWriter {
  /** Resolves when the next record may be written. */
  write(value: unknown, key: unknown, meta: RecordContext): Promise<void>
  /** Resolves when everything is in the file. */
  close(): Promise<void>
}

/** How the rows of a file become records, and records become rows. */
export interface FileOptions<Row> {
  /** The key of a row's record. Default: none. */
  key?: (row: Row) => unknown
  /** The value of a row's record. Default: the row. */
  value?: (row: Row) => unknown
  /** The time of a row's record, in milliseconds since 1970 or as a `Date`. Default: when the run began. */
  timestamp?: (row: Row) => number | Date
  /** The row of a record that is written. Default: the value; of CSV, `{ key, value }` where the value has no columns. */
  row?: (value: never, key: never, meta: RecordContext) => unknown
}

export const PATH = text('the path of a file')

export const FILE_KINDS: Readonly<Record<keyof FileOptions<unknown>, Kind>> = {
  key: callback('a function of a row'),
  value: callback('a function of a row'),
  timestamp: callback('a function of a row'),
  row: callback('a function of a value, its key and metadata'),
}
