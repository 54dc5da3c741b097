import { asText, type ByteFormat, byteFormat, BYTE_FORMATS, decoded } from '../byte-format'
import type { DeadLetter } from './dead-letter'
import { printable } from '../../observe/printable'
import { timeText } from '../time-text'

/** How keys, values and headers are shown. */
export const FORMAT_OPTIONS = {
  'key-format': {
    type: 'string',
    value: 'format',
    choices: BYTE_FORMATS,
    help: `${BYTE_FORMATS.join(', ')}; default: string`,
  },
  'value-format': { type: 'string', value: 'format', choices: BYTE_FORMATS, help: 'likewise' },
} as const

export interface Formats {
  readonly key: ByteFormat
  readonly value: ByteFormat
}

export const formatsOf = (options: Readonly<Record<keyof typeof FORMAT_OPTIONS, string | undefined>>): Formats => ({
  key: byteFormat(options['key-format'] ?? 'string'),
  value: byteFormat(options['value-format'] ?? 'string'),
})

/** Headers are text as a rule. */
const headerValue = (bytes: Buffer | null): unknown => decoded(byteFormat('string'), bytes)

/** A dead letter as JSON. */
export const reportOf = (letter: DeadLetter, { key, value }: Formats): Record<string, unknown> => ({
  topic: letter.topic,
  partition: letter.partition,
  offset: letter.offset,
  timestamp: letter.timestamp,
  key: decoded(key, letter.key),
  value: decoded(value, letter.value),
  headers: letter.headers.map(([name, bytes]) => [name, headerValue(bytes)]),
  source: letter.source,
  error: Object.fromEntries([...letter.error].filter(([name]) => !['topic', 'partition', 'offset'].includes(name))),
})

export const sourceText = ({ source }: DeadLetter): string | null =>
  source && `${source.topic}-${source.partition}@${source.offset}`

/** All of it, for a person. */
export const longText = (letter: DeadLetter, { key, value }: Formats): string => {
  const { topic, partition, offset, timestamp, headers, error } = letter
  const fields: [string, string][] = [
    ['record', `${topic}-${partition}@${offset}`],
    ['from', sourceText(letter) ?? '-'],
    ['time', timeText(timestamp) ?? '-'],
    ['key', asText(decoded(key, letter.key))],
    ['value', asText(decoded(value, letter.value))],
    ...headers.map(([name, bytes]): [string, string] => [`header ${name}`, asText(headerValue(bytes))]),
  ]
  for (const [name, text] of error) {
    if (!['topic', 'partition', 'offset', 'stacktrace'].includes(name)) fields.push([name, text])
  }
  const width = Math.max(...fields.map(([name]) => printable(name).length))
  const below = `\n${' '.repeat(width + 2)}`
  const lines = fields.map(([name, text]) => `${printable(name).padEnd(width)}  ${printableLines(text).join(below)}\n`)
  const stack = error.get('stacktrace')
  return lines.join('') + (stack === undefined ? '' : `\n${printableLines(stack.trimEnd()).join('\n')}\n`)
}

const printableLines = (text: string): string[] => text.split('\n').map(printable)
