import { isDeepStrictEqual } from 'node:util'
import type { GoldenCase, GoldenInternalTopics, GoldenRecord, Recorded, StoreRow } from './case'

/** What a run of millrace produced, in the terms of a case. */
export interface Observed extends Recorded {
  readonly describe: string | null
  readonly buildError?: { readonly phase: 'build' | 'driver'; readonly error: unknown }
  readonly failure?: unknown
  readonly internalTopics?: GoldenInternalTopics
  readonly droppedRecords: number
  readonly trace: ReadonlyArray<{ after: number; text: string }>
}

/** The differences between Java's run and ours, none if they are equal. */
export function compare(expected: GoldenCase, observed: Observed): string[] {
  if (expected.buildError) {
    if (!observed.buildError) return ['built and started, Java refuses it: ' + expected.buildError.chain[0]?.message]
    return expected.buildError.phase === observed.buildError.phase
      ? []
      : [
          `refused in phase ${observed.buildError.phase}, Java in phase ${expected.buildError.phase}: ${String(observed.buildError.error)}`,
        ]
  }
  if (observed.buildError)
    return [`failed in phase ${observed.buildError.phase}: ${describeError(observed.buildError.error)}`]
  return [
    ...difference('describe', expected.describe, normalizeDescription(observed.describe)),
    ...compareRun(expected, observed, expected.unordered !== undefined),
    ...difference(
      'internal topics',
      normalizeTopics(expected.internalTopics),
      normalizeTopics(observed.internalTopics),
    ),
    ...difference('trace', expected.trace ?? [], observed.trace),
    ...(expected.error
      ? []
      : difference('dropped-records-total', expected.metrics['dropped-records-total'], observed.droppedRecords)),
  ]
}

/** Outputs, stores, changelogs and the point of failure; the part that a variant repeats. */
export function compareRun(
  expected: Recorded,
  observed: Recorded & { failure?: unknown },
  unordered: boolean,
): string[] {
  if (expected.error?.after !== observed.error?.after) {
    if (!expected.error) return [`failed at input ${observed.error?.after}: ${describeError(observed.failure)}`]
    return [
      `Java fails at input ${expected.error.after}, here ${observed.error ? `at ${observed.error.after}` : 'nothing failed'}`,
    ]
  }
  // What the failing input had already sent is not recorded.
  const sent = (records: readonly GoldenRecord[]): readonly GoldenRecord[] =>
    expected.error ? records.filter((record) => record.after !== expected.error!.after) : records
  return [
    ...compareRecords('outputs', expected.outputs, sent(observed.outputs), unordered),
    ...compareRecords('changelogs', expected.changelogs, sent(observed.changelogs), unordered),
    ...(expected.error ? [] : compareStores(expected.stores, observed.stores)),
  ]
}

function compareRecords(
  what: string,
  expected: readonly GoldenRecord[],
  observed: readonly GoldenRecord[],
  unordered: boolean,
): string[] {
  const topics = new Set([...expected, ...observed].map((record) => record.topic))
  return [...topics].flatMap((topic) => {
    // A buffer's changelog records have no time of their own: the producer gives them the time of sending.
    const untimed = expected.some((record) => record.topic === topic && record.timestamp === null)
    const rows = (records: readonly GoldenRecord[]): string[] => {
      const ofTopic = records.filter((record) => record.topic === topic)
      const lines = ofTopic.map((record) => recordLine(untimed ? { ...record, timestamp: null } : record))
      return unordered ? lines.sort() : lines
    }
    return difference(`${what} of ${topic}`, rows(expected), rows(observed))
  })
}

function recordLine(record: GoldenRecord): string {
  const common = record.headers.filter(({ key }) => !key.startsWith('__millrace.'))
  const headers = common.map((header) => [header.key, isErrorText(header.key) ? 'masked' : header.valueB64])
  return JSON.stringify([
    record.after,
    record.keyB64,
    record.valueB64,
    record.timestamp,
    headers,
    record.partition ?? null,
  ])
}

/** Class names, texts and stack traces are Java's own. */
const isErrorText = (header: string): boolean => /^__streams\.errors\.(exception|message|stacktrace)$/.test(header)

function compareStores(expected: Recorded['stores'], observed: Recorded['stores']): string[] {
  return Object.entries(expected).flatMap(([store, rows]) =>
    difference(`store ${store}`, sortedRows(rows), sortedRows(observed[store] ?? [])),
  )
}

const sortedRows = (rows: readonly StoreRow[]): string[] => rows.map((row) => JSON.stringify(row)).sort()

function normalizeDescription(text: string | null): string | null {
  return text?.replace(/\(extractor class: [^\n]*\)$/gm, '(extractor class: LAMBDA)') ?? null
}

function normalizeTopics(topics: GoldenInternalTopics | undefined): unknown {
  if (!topics) return undefined
  return {
    storeToChangelog: topics.storeToChangelog,
    subtopologies: topics.subtopologies.map((sub) => ({
      ...sub,
      sourceTopics: [...sub.sourceTopics].sort(),
      sinkTopics: [...new Set(sub.sinkTopics)].sort(),
    })),
    copartitionGroups: topics.copartitionGroups.map((group) => [...group].sort().join()).sort(),
  }
}

function difference(what: string, expected: unknown, observed: unknown): string[] {
  if (isDeepStrictEqual(expected, observed)) return []
  return [`${what}:\n--- Java\n${pretty(expected)}\n--- millrace\n${pretty(observed)}`]
}

const pretty = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : Array.isArray(value)
      ? value.map(pretty).join('\n')
      : JSON.stringify(value, null, 1)

export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause ? `${error.message}; caused by: ${describeError(error.cause)}` : error.message
}
