import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { options as optionsOf, requireArgument } from '../arguments'
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

/**
 * A file with a JSON value on each line (NDJSON, JSON Lines), to read or to write. Empty lines are skipped.
 *
 * @example
 * const orders = ndjson<Order>('orders.ndjson', { key: (order) => order.customerId, timestamp: (order) => order.createdAt })
 *
 * @throws StreamsError FILE_FAILED from a run: the file can't be read or written, or a line is no JSON
 */
export const ndjson = <Row = unknown>(path: string, options: FileOptions<Row> = {}): FileInput & FileOutput => {
  requireArgument(path, PATH, 'ndjson', 'path')
  requireArgument(options, FILE_OPTIONS, 'ndjson', 'options')
  return { path, read: () => readLines(path, options), open: () => openWriter(path, options) }
}

const FILE_OPTIONS = optionsOf<FileOptions<unknown>>(FILE_KINDS)

const openWriter = async <Row>(path: string, options: FileOptions<Row>): Promise<FileWriter> => {
  const file = await TextFile.create(path)
  return {
    async write(value, key, meta) {
      await file.write(`${lineOf(path, () => JSON.stringify(rowOf(options, value, key, meta) ?? null))}\n`)
    },
    close: () => file.close(),
  }
}

const BYTE_ORDER_MARK = '\ufeff'

async function* readLines<Row>(path: string, options: FileOptions<Row>): AsyncGenerator<FileRecord> {
  const stream = createReadStream(path, 'utf8')
  let failure: unknown
  // readline may end without an error
  stream.on('error', (error) => (failure = error))
  let line = 0
  try {
    for await (let text of createInterface({ input: stream, crlfDelay: Infinity })) {
      line++
      if (line === 1 && text.startsWith(BYTE_ORDER_MARK)) text = text.slice(1)
      if (text.trim() !== '') yield recordOf(path, parsed<Row>(path, line, text), line, options)
    }
  } catch (error) {
    failure ??= error
  } finally {
    stream.destroy()
  }
  if (failure instanceof StreamsError) throw failure
  if (failure !== undefined) throw fileError(path, undefined, `it can't be read: ${messageOf(failure)}`, failure)
}

const parsed = <Row>(path: string, line: number, text: string): Row => {
  try {
    return JSON.parse(text) as Row
  } catch (error) {
    throw fileError(path, line, `the line is no JSON: ${messageOf(error)}`, error)
  }
}
