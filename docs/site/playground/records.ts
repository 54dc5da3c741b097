/** What happens to the topology, line by line: a record arrives, or the wall clock moves. */
export type Step =
  | {
      readonly kind: 'record'
      readonly line: number
      /** Undefined: the only topic that the topology reads. */
      readonly topic: string | undefined
      readonly key: string | null
      readonly value: string | null
      readonly timestamp: number
    }
  | { readonly kind: 'advance'; readonly line: number; readonly by: number }

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const DURATION = /^(?:\d+(?:ms|s|m|h|d))+$/
const RECORD = /^(?:([\w.-]+) \| )?(?:("(?:[^"\\]|\\.)*"|[^\s:"{[][^:]*): )?(.*?)(?: @(\S+))?$/

/**
 * Reads the lines of a reader: `topic | key: value @time`. Topic, key and time may be missing; a record without a time has that of the line
 * before it. `+1m` moves the clock, a line that begins with `#` is a comment, and a value of `null` is a tombstone.
 */
export const parseRecords = (text: string): Step[] => {
  const steps: Step[] = []
  let now = 0
  text.split('\n').forEach((untrimmed, index) => {
    const whole = untrimmed.trim()
    const line = index + 1
    if (whole === '' || whole.startsWith('#')) return
    const by = whole.startsWith('+') ? milliseconds(whole.slice(1)) : undefined
    if (by !== undefined) {
      now += by
      steps.push({ kind: 'advance', line, by })
      return
    }
    const [, topic, key, value, time] = RECORD.exec(whole)!
    const timestamp = time === undefined ? undefined : timeOf(time)
    if (timestamp !== undefined) now = timestamp
    // an @ without a time after it belongs to the value
    const rest = time === undefined || timestamp !== undefined ? value! : `${value!} @${time}`
    steps.push({ kind: 'record', line, topic, key: keyOf(key, line), value: orNull(rest), timestamp: now })
  })
  return steps
}

const orNull = (text: string): string | null => (text === 'null' ? null : text)

const keyOf = (text: string | undefined, line: number): string | null => {
  if (text === undefined) return null
  if (!text.startsWith('"')) return orNull(text)
  try {
    return JSON.parse(text) as string
  } catch {
    throw new Error(`line ${line}: the key ${text} is no JSON string`)
  }
}

const milliseconds = (text: string): number | undefined => {
  if (!DURATION.test(text)) return undefined
  return [...text.matchAll(/(\d+)(ms|s|m|h|d)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNITS[unit!]!,
    0,
  )
}

const timeOf = (text: string): number | undefined => {
  if (/^\d+$/.test(text)) return Number(text)
  const date = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(date) ? milliseconds(text) : date
}
