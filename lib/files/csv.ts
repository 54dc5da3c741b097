import type * as Parser from 'csv-parse'
import type * as Stringifier from 'csv-stringify/sync'
import { createReadStream } from 'node:fs'
import { listOf, options as optionsOf, requireArgument, text } from '../arguments'
import { StreamsError } from '../errors'
import {
  FILE_KINDS,
  type FileInput,
  type FileOptions,
  type FileOutput,
  type FileRecord,
  type FileWriter,
  PATH,
} from './file'
import { fileError, lineOf, messageOf, recordOf, rowOf } from './rows'
import { TextFile } from './text-file'

/** A row of a CSV file: text, by the names of the columns. */
export type CsvRow = Readonly<Record<string, string>>

/** How a CSV file is read and written. `Row` are the rows that are read. */
export interface CsvOptions<Row = CsvRow> extends FileOptions<Row> {
  /** Between two columns. Default: `','`. */
  delimiter?: string
  /**
   * The columns, in order. Default: of a file that is read, those that its first line names; of one that is written, the properties of the
   * first row, and a later row with others is an error. With columns, a file that is read has no line of names, and of rows that are
   * written only these are.
   */
  columns?: readonly (keyof Row & string)[]
}

/**
 * A CSV file, to read or to write, the latter with a first line of column names. It needs the packages `csv-parse` (to read) and `csv-stringify`
 * (to write), which are optional: install them beside millrace.
 *
 * @example
 * const rates = csv<{ currency: string; rate: string }>('rates.csv', { key: (row) => row.currency, value: (row) => Number(row.rate) })
 * const sameRates = csv('rates.csv', { columns: ['currency', 'rate'], key: (row) => row.currency })
 *
 * @throws StreamsError FILE_FAILED from a run: the file can't be read or written, or is no CSV; MISSING_PACKAGE
 */
export function csv<const Column extends string>(
  path: string,
  options: CsvOptions<Readonly<Record<Column, string>>> & { columns: readonly Column[] },
): FileInput & FileOutput
/**
 * A CSV file whose columns are named by its first line, or by a type: `Row` has a text for each.
 *
 * @throws StreamsError FILE_FAILED from a run: the file can't be read or written, or is no CSV; MISSING_PACKAGE
 */
export function csv<Row extends Readonly<Record<keyof Row, string>> = CsvRow>(
  path: string,
  options?: CsvOptions<Row>,
): FileInput & FileOutput
export function csv(path: string, options: CsvOptions = {}): FileInput & FileOutput {
  requireArgument(path, PATH, 'csv', 'path')
  requireArgument(options, CSV_OPTIONS, 'csv', 'options')
  return {
    path,
    read: () => readRows(path, options),
    open: () => openWriter(path, options),
  }
}

const CSV_OPTIONS = optionsOf<CsvOptions>({
  ...FILE_KINDS,
  delimiter: text('what stands between two columns'),
  columns: listOf(text('the name of a column')),
})

async function* readRows(path: string, options: CsvOptions): AsyncGenerator<FileRecord> {
  const { parse } = loadParser()
  const stream = createReadStream(path)
  const parser = parse({
    bom: true,
    columns: options.columns === undefined ? true : [...options.columns],
    delimiter: options.delimiter ?? ',',
    info: true,
    skip_empty_lines: true,
  })
  stream.on('error', (error) => parser.destroy(fileError(path, undefined, `it can't be read: ${error.message}`, error)))
  stream.pipe(parser)
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: CsvRow; info: { lines: number } }>) {
      yield recordOf(path, record, info.lines - lineBreaksIn(record), options)
    }
  } catch (error) {
    if (error instanceof StreamsError) throw error
    const { lines } = error as { lines?: number }
    throw fileError(path, lines, `the line is no CSV: ${messageOf(error)}`, error)
  } finally {
    stream.destroy()
    parser.destroy()
  }
}

/** The parser counts up to where a row ends. */
const lineBreaksIn = (row: CsvRow): number => {
  let breaks = 0
  for (const name in row) {
    const text = row[name]!
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) breaks++
  }
  return breaks
}

const openWriter = async (path: string, options: CsvOptions): Promise<FileWriter> => {
  const { stringify } = loadStringifier()
  const file = await TextFile.create(path)
  let columns = options.columns
  const delimiter = options.delimiter ?? ','
  const line = (fields: readonly unknown[]): string =>
    stringify([[...fields]], { delimiter, cast: { boolean: String } })
  if (columns !== undefined) await file.write(line(columns))
  return {
    async write(value, key, meta) {
      const text = lineOf(path, () => {
        const given = rowOf(options, value, key, meta)
        const row = options.row || hasColumns(given) ? given : { key, value }
        if (!hasColumns(row)) throw new TypeError(`it has to be an object with columns, and is ${String(row)}`)
        const head = columns === undefined ? line((columns = Object.keys(row))) : ''
        const names = columns
        const unknown = options.columns ? undefined : Object.keys(row).find((column) => !names.includes(column))
        if (unknown !== undefined) {
          throw new TypeError(`it has a column "${unknown}", which the first row does not have: set columns`)
        }
        return head + line(names.map((column) => row[column]))
      })
      await file.write(text)
    },
    close: () => file.close(),
  }
}

const hasColumns = (row: unknown): row is Record<string, unknown> =>
  typeof row === 'object' && row !== null && !Array.isArray(row) && !(row instanceof Uint8Array)

/* eslint-disable @typescript-eslint/no-require-imports -- a bundler accepts that a package is missing only where it is required within a `try` */
const loadParser = (): typeof Parser => {
  try {
    return require('csv-parse') as typeof Parser
  } catch (error) {
    throw missing('csv-parse', 'to read CSV files', error)
  }
}

const loadStringifier = (): typeof Stringifier => {
  try {
    return require('csv-stringify/sync') as typeof Stringifier
  } catch (error) {
    throw missing('csv-stringify', 'to write CSV files', error)
  }
}

/* eslint-enable @typescript-eslint/no-require-imports */

const missing = (name: string, purpose: string, cause: unknown): StreamsError =>
  new StreamsError(
    'MISSING_PACKAGE',
    `the package ${name} is needed ${purpose}, and can't be loaded (${messageOf(cause).split('\n')[0]}): install it with npm install ${name}`,
    {},
    { cause },
  )
