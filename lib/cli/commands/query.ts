import { StreamsError } from '../../errors'
import { queryPath, type TextQuery } from '../../query/query-path'
import type { QueryIsolation } from '../../query/query-types'
import { isLastLine } from '../../query/row-json'
import { isPointQuery, isSingle, type Row } from '../../query/store-query'
import { asText } from '../byte-format'
import { defineCommand } from '../command'
import { timestampOf, wholeNumber } from '../groups/offset-target'
import { askInstance } from '../query/http-stores'
import { type Cell, textTable } from '../text-table'
import { timeText } from '../time-text'
import { UsageError } from '../usage-error'

const DEFAULT_LIMIT = 100

const TIME = { type: 'string', value: 'time' } as const

export const query = defineCommand({
  name: 'query',
  summary: 'Read a store of a running application through the HTTP handler of one of its instances',
  details: `
The instance asks the others for what they have. With a key it reads that key, else it lists the store. Keys are text, or
JSON where the store's keys are no text. Times are ISO dates or milliseconds since 1970.`,
  arguments: [
    { name: 'instance', help: 'host:port of any instance, or a URL with the path of its handler' },
    { name: 'store', help: "the store's name, as in the topology" },
    { name: 'key', help: 'one key; default: all, or those that the options choose', optional: true },
  ],
  options: {
    windows: { type: 'boolean', help: 'of a window store: the windows' },
    sessions: { type: 'boolean', help: 'of a session store: the sessions' },
    versions: { type: 'boolean', help: "of a versioned store: a key's versions" },
    'as-of': { ...TIME, help: 'of a versioned store: the value at that time' },
    prefix: { type: 'string', value: 'text', help: 'only keys that begin with it' },
    'key-from': { type: 'string', value: 'key', help: 'the first key' },
    'key-to': { type: 'string', value: 'key', help: 'the last key, inclusive' },
    'time-from': { ...TIME, help: 'windows that start then or later, sessions that end then or later' },
    'time-to': { ...TIME, help: 'windows and sessions that start then or earlier' },
    reverse: { type: 'boolean', help: 'the last first' },
    limit: { type: 'string', value: 'n', help: `of a list; default: ${DEFAULT_LIMIT}` },
    'allow-stale': { type: 'boolean', help: 'also read state that may be outdated' },
    isolation: {
      type: 'string',
      value: 'level',
      help: 'committed: without writes that a failure would roll back; default: latest',
    },
    local: { type: 'boolean', help: 'only the partitions of this instance' },
    partitions: {
      type: 'string',
      value: 'n,n',
      help: 'only these; for a key, the one that a partitioner of its own has put it into',
    },
    header: { type: 'string', multiple: 'repeated', value: "'name: value'", help: 'sent along, for authorize' },
    ca: { type: 'string', value: 'file', help: 'the CA of its certificate, as PEM' },
  },
  examples: [
    'query localhost:8080 counts hello',
    'query localhost:8080 counts --prefix he --limit 20',
    'query https://orders.example/millrace per-hour apple --windows --time-from 2026-01-31T08:00:00Z',
  ],
  async run({ args, options, io, json, print }) {
    const [url, store, key] = args as [string, string, string | undefined]
    const asked = queryOf(key, options)
    const { path, params } = queryPath(store, asked)
    if (!isPointQuery(asked)) {
      params.set('limit', String(options.limit === undefined ? DEFAULT_LIMIT : wholeNumber(options.limit, 'limit')))
    }
    if (options['allow-stale']) params.set('allowStale', 'true')
    if (options.local) params.set('local', 'true')
    if (options.partitions !== undefined) params.set('partitions', options.partitions)
    if (options.isolation !== undefined) params.set('isolation', isolationOf(options.isolation))
    const { header: headers, ca } = options
    const lines = await askInstance(`${path}?${params}`, { url, headers, ca, cwd: io.cwd })
    const { rows, truncated, ...rest } = answerOf(asked, lines)
    if (isPointQuery(asked) && isSingle(asked) && rows.length === 0) {
      throw new StreamsError('INVALID_ARGUMENT', `store '${store}' has nothing for key '${key}'`, { store })
    }
    print({ rows, truncated, ...rest }, () => tableOf(rows))
    if (truncated && !json) io.err(`There are more: raise --limit, or narrow the range.\n`)
    if (rest.stale && !json) io.err('This may be outdated: the instance is out of its group.\n')
  },
})

interface Choices {
  readonly windows: boolean
  readonly sessions: boolean
  readonly versions: boolean
  readonly 'as-of': string | undefined
  readonly prefix: string | undefined
  readonly 'key-from': string | undefined
  readonly 'key-to': string | undefined
  readonly 'time-from': string | undefined
  readonly 'time-to': string | undefined
  readonly reverse: boolean
}

const queryOf = (key: string | undefined, options: Choices): TextQuery => {
  const { windows, sessions, versions, prefix, reverse } = options
  const { 'key-from': keyFrom = null, 'key-to': keyTo = null, 'as-of': asOf } = options
  const from = timeOf(options, 'time-from') ?? 0
  const to = timeOf(options, 'time-to') ?? Infinity
  if ([windows, sessions, versions, asOf !== undefined].filter(Boolean).length > 1) {
    throw new UsageError('give one of --windows, --sessions, --versions and --as-of')
  }
  if (!windows && !sessions && !versions && (options['time-from'] ?? options['time-to']) !== undefined) {
    throw new UsageError('--time-from and --time-to need --windows, --sessions or --versions')
  }
  if (key === undefined) {
    if (prefix !== undefined && (windows || sessions)) {
      throw new UsageError('--prefix is for key-value stores: choose windows and sessions by --key-from and --key-to')
    }
    if (versions || asOf !== undefined) throw new UsageError('--versions and --as-of need a key')
    if (windows) return { kind: 'allWindows', keyFrom, keyTo, from, to, reverse }
    if (sessions) {
      return { kind: 'allSessions', keyFrom, keyTo, earliestEnd: from, latestStart: to, latestEnd: Infinity, reverse }
    }
    if (prefix === undefined) return { kind: 'range', keyFrom, keyTo, reverse }
    if (keyFrom === null && keyTo === null) return { kind: 'prefix', prefix, reverse }
    throw new UsageError('--prefix excludes --key-from and --key-to')
  }
  if (prefix !== undefined || keyFrom !== null || keyTo !== null) {
    throw new UsageError('a key excludes --prefix, --key-from and --key-to')
  }
  if (windows) return { kind: 'windows', key, from, to, reverse }
  if (sessions) return { kind: 'sessions', key, earliestEnd: from, latestStart: to, reverse }
  if (versions) return { kind: 'versions', key, from, to: to === Infinity ? undefined : to, reverse }
  return { kind: 'get', key, ...(asOf === undefined ? {} : { asOf: timestampOf(asOf, 'as-of') }) }
}

const isolationOf = (text: string): QueryIsolation => {
  if (text === 'latest' || text === 'committed') return text
  throw new UsageError(`--isolation is '${text}': give latest or committed`)
}

const timeOf = (options: Choices, name: 'time-from' | 'time-to'): number | undefined =>
  options[name] === undefined ? undefined : timestampOf(options[name], name)

interface Answer {
  readonly rows: readonly Row[]
  readonly truncated: boolean
  readonly stale: boolean
  readonly position: unknown
}

const answerOf = (asked: TextQuery, lines: readonly Readonly<Record<string, unknown>>[]): Answer => {
  if (isPointQuery(asked)) {
    const { rows, partition: _, position, stale, ...row } = lines[0] ?? {}
    const found = isSingle(asked) ? (row.value === null ? [] : [row]) : rows
    return { rows: found as Row[], truncated: false, stale: stale === true, position }
  }
  const last = lines.at(-1) ?? {}
  if (!isLastLine(last)) throw cutShort(last)
  const { truncated = false, stale = false, position } = last.end
  return { rows: lines.slice(0, -1) as unknown as Row[], truncated, stale, position }
}

const cutShort = ({ error }: Record<string, unknown>): StreamsError => {
  const { code = 'INSTANCE_UNREACHABLE', message = 'the answer ended too early: try again' } = (error ?? {}) as {
    code?: StreamsError['code']
    message?: string
  }
  return new StreamsError(code, message)
}

const COLUMNS = ['key', 'start', 'end', 'value', 'timestamp', 'validTo'] as const

const HEADINGS = { key: 'KEY', start: 'START', end: 'END', value: 'VALUE', timestamp: 'TIME', validTo: 'VALID TO' }

/** Without the columns that this kind of store does not have. */
const tableOf = (rows: readonly Row[]): string => {
  const columns = COLUMNS.filter((column) => column === 'value' || rows.some((row) => row[column] !== undefined))
  return textTable(
    columns.map((column) => HEADINGS[column]),
    rows.map((row) => columns.map((column) => cellOf(column, row))),
  )
}

const cellOf = (column: (typeof COLUMNS)[number], row: Row): Cell => {
  if (column === 'key' || column === 'value') return asText(row[column])
  return timeText(row[column])
}
