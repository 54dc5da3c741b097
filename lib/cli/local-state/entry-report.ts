import { readTimestamp, TIMESTAMP_BYTES, withoutTimestamp } from '../../bytes/timestamped-bytes'
import { asText, type ByteFormat, byteFormat, BYTE_FORMATS, decoded } from '../byte-format'
import type { Cell } from '../text-table'
import { timeText } from '../time-text'

/** How the entries of a store are read: it does not say so itself. */
export const ENTRY_OPTIONS = {
  store: { type: 'string', required: true, value: 'name', help: 'the store' },
  task: { type: 'string', value: 'id', help: 'only this task, such as 0_1; default: all that have the store' },
  'key-serde': {
    type: 'string',
    value: 'serde',
    choices: BYTE_FORMATS,
    help: `${BYTE_FORMATS.join(', ')}; default: string`,
  },
  'value-serde': { type: 'string', value: 'serde', choices: BYTE_FORMATS, help: 'likewise; default: json, else hex' },
  plain: {
    type: 'boolean',
    help: 'values have no timestamp in front: stores of keyValueStore(), not those of the DSL',
  },
} as const

interface EntryOptions {
  readonly 'key-serde': string | undefined
  readonly 'value-serde': string | undefined
  readonly plain: boolean
}

export interface EntryReport {
  readonly task: string
  readonly key: unknown
  readonly value: unknown
  /** Of the last update, in milliseconds since 1970. */
  readonly timestamp: number | null
}

export interface EntryFormats {
  readonly key: ByteFormat
  report(task: string, key: Buffer, value: Buffer): EntryReport
}

export const entryFormats = (options: EntryOptions): EntryFormats => {
  const key = byteFormat(options['key-serde'] ?? 'string')
  const value = byteFormat(options['value-serde'] ?? 'json')
  return {
    key,
    report(task, keyBytes, stored) {
      const timestamped = !options.plain && stored.length >= TIMESTAMP_BYTES
      return {
        task,
        key: decoded(key, keyBytes),
        value: decoded(value, timestamped ? withoutTimestamp(stored) : stored),
        timestamp: timestamped ? readTimestamp(stored) : null,
      }
    },
  }
}

export const entryCells = ({ task, key, value, timestamp }: EntryReport): Cell[] => [
  task,
  asText(key),
  asText(value),
  timeText(timestamp),
]
