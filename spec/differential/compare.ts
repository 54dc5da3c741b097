import { createHash } from 'node:crypto'
import type { Program, Result, Row } from './program'

/** Java refuses topologies that are in order: merging repartition topics, and where a join is built before its table's store. */
const REFUSED_BY_DEFECT = /Found a null keyChangingChild node|StateStore \S+ is not added yet/

/** And it takes cogrouped windows for versioned if their stream was a versioned table. */
const SUPPRESSES_VERSIONED = /version semantics might be inherited/

const isRefusedByDefect = ({ ops }: Program, message: string): boolean =>
  REFUSED_BY_DEFECT.test(message) ||
  (SUPPRESSES_VERSIONED.test(message) && ops.some(({ op, win }) => op === 'cogroup' && win !== undefined))

/**
 * Java fails: a sliding window that the aggregator has deleted is still in the cache, without a value; and a transformation
 * that fails while another operator looks up a row without a time gets no dead letter.
 */
const FAILED_BY_DEFECT = /because "windowBeingProcessed.value" is null|Invalid timestamp: -1\./

/** The differences between Java's result and ours, none if they are equal. */
export const compare = (program: Program, java: Result, ours: Result): string[] => {
  if (java.refused !== undefined || ours.refused !== undefined) {
    if (java.refused !== undefined && (ours.refused !== undefined || isRefusedByDefect(program, java.refused)))
      return []
    return [
      java.refused === undefined
        ? `refused, and not by Java: ${ours.refused}`
        : `not refused, as by Java: ${java.refused}`,
    ]
  }
  const isDefect = FAILED_BY_DEFECT.test(java.failed?.message ?? '')
  if (!isDefect && java.failed?.at !== ours.failed?.at) {
    if (!java.failed) return [`failed at input ${ours.failed!.at}: ${ours.failed!.message}`]
    const here = ours.failed ? `at ${ours.failed.at}: ${ours.failed.message}` : 'nothing failed'
    return [`Java fails at input ${java.failed.at}: ${java.failed.message}; here ${here}`]
  }
  // what the failing input had sent before it failed is a matter of flushes
  const until = java.failed?.at ?? Infinity
  return [
    ...difference('describe', java.describe, java.describe?.startsWith('#') ? hashed(ours.describe!) : ours.describe),
    ...compareRecords(java.records ?? {}, ours.records ?? {}, until),
    ...compareStores(program, java.stores ?? {}, ours.stores ?? {}),
    // Java counts what is too old in a changelog as it restores it
    ...(program.restartAt === undefined && !isDefect
      ? difference('dropped-records-total', java.dropped, ours.dropped)
      : []),
  ]
}

/** Recorded results have it in place of the text. */
export const hashed = (describe: string): string =>
  `#${createHash('sha256').update(describe).digest('base64url').slice(0, 16)}`

const compareRecords = (java: Records, ours: Records, until: number): string[] =>
  [...new Set([...Object.keys(java), ...Object.keys(ours)])].sort().flatMap((topic) => {
    // A buffer's changelog records have no time of their own: the producer gives them the time of sending.
    const untimed = java[topic]?.some((row) => row[3] === null)
    const lines = (rows: readonly Row[] = []): string[] =>
      rows
        .filter(([after]) => after < until)
        .map(([after, key, value, timestamp, ...rest]) =>
          JSON.stringify([after, key, value, untimed ? null : timestamp, ...rest]),
        )
    if (topic !== DEAD_LETTERS) return difference(topic, lines(java[topic]), lines(ours[topic]))
    const [expected, sent] = deadLetters(java[topic] ?? [], ours[topic] ?? [])
    return difference(topic, lines(expected), lines(sent))
  })

const DEAD_LETTERS = 'dlq'

/** What differs between languages, and what is millrace's own. */
const OTHER_HEADER = /^__millrace\.|\.exception$|\.stacktrace$/

/** What functions of programs say; other errors have words of millrace's own. */
const SAID = /^refused /

/** Java's dead letters of records that went through a repartition topic before they failed have neither key nor value. */
const deadLetters = (java: readonly Row[], ours: readonly Row[]): [Row[], Row[]] => [
  java.map(withoutOtherHeaders),
  ours.map((row, i) => {
    const [after, key, value, timestamp, partition, ...headers] = withoutOtherHeaders(row)
    const isBare = java[i]?.[1] === null && java[i][2] === null
    return [after, isBare ? null : key, isBare ? null : value, timestamp, partition, ...headers]
  }),
]

const withoutOtherHeaders = ([after, key, value, timestamp, partition, ...headers]: Row): Row => {
  const kept = headers.flatMap((text, i) => {
    const name = headers[i - (i % 2)]!
    if (OTHER_HEADER.test(name)) return []
    return [i % 2 === 1 && name.endsWith('.message') && !SAID.test(text ?? '') ? 'otherwise' : text]
  })
  return [after, key, value, timestamp, partition, ...kept]
}

type Records = NonNullable<Result['records']>

type Stores = NonNullable<Result['stores']>

const compareStores = (program: Program, java: Stores, ours: Stores): string[] =>
  Object.keys(java).flatMap((store) => {
    const retention = program.ops.find(({ mat }) => mat?.store === store)?.mat?.versioned
    // Java leaves expired versions out as it restores, as far as it sees in a batch that they are
    const isPartial = program.restartAt !== undefined && retention !== undefined
    const storage = program.ops.find((op) => op.store === store)?.storage
    // Java may show cached sessions twice
    const mayRepeat = storage?.type === 'session' && storage.caching === true
    const rows = (all: Stores[string] = []): string[] => {
      const shown = (isPartial ? unexpired(all, retention) : all).map((row) => JSON.stringify(row)).sort()
      return mayRepeat ? [...new Set(shown)] : shown
    }
    return difference(`store ${store}`, rows(java[store]), rows(ours[store]))
  })

const unexpired = (versions: Stores[string], retention: number): Stores[string] => {
  const newest = Math.max(...versions.flatMap(([, , timestamp, validTo]) => [Number(timestamp), Number(validTo)]))
  return versions.filter(([, , , validTo]) => validTo === -1 || Number(validTo) >= newest - retention)
}

const difference = (what: string, java: unknown, ours: unknown): string[] => {
  if (JSON.stringify(java) === JSON.stringify(ours)) return []
  if (!Array.isArray(java) || !Array.isArray(ours))
    return [`${what}:\n--- Java\n${String(java)}\n--- millrace\n${String(ours)}`]
  let same = 0
  while (same < java.length && java[same] === ours[same]) same++
  const shown = (rows: readonly unknown[]): string => rows.slice(Math.max(0, same - 2), same + 6).join('\n')
  return [
    `${what}: the first ${same} are equal, Java has ${java.length}, millrace ${ours.length}\n--- Java\n${shown(java)}\n--- millrace\n${shown(ours)}`,
  ]
}
