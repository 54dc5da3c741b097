import { Windowed } from '../../../lib/record/windowed'

/** From here on a time counts as a date, before as the time since the first record. */
const DATES_FROM = Date.UTC(1971)

const MAX_CHARS = 10_000

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const

/** `1m 30s` after the beginning, or a date. */
export const timeText = (timestamp: number): string => {
  if (!Number.isFinite(timestamp)) return '∞'
  if (timestamp >= DATES_FROM) return new Date(timestamp).toISOString()
  let rest = timestamp
  const parts = UNITS.flatMap(([unit, length]) => {
    const count = Math.floor(rest / length)
    rest -= count * length
    return count > 0 ? [`${count}${unit}`] : []
  })
  return parts.join(' ') || '0s'
}

/** A key or value as a cell shows it. `null`: none, or a tombstone. */
export const cellText = (value: unknown): string | null => {
  if (value === null || value === undefined) return null
  if (value instanceof Windowed) {
    const { start, end } = value.window
    return `${cellText(value.key) ?? 'null'} [${timeText(start)} – ${timeText(end)}]`
  }
  if (typeof value !== 'object') return shortened(String(value))
  if (Buffer.isBuffer(value)) return shortened(value.toString('hex'))
  return shortened(JSON.stringify(value, plainPart) ?? '')
}

/** No more than a page can show. */
export const shortened = (text: string): string => (text.length > MAX_CHARS ? `${text.slice(0, MAX_CHARS)}…` : text)

/** `Buffer` has a `toJSON`, which has been called before. */
const plainPart = (_name: string, part: unknown): unknown => {
  if (typeof part === 'bigint') return String(part)
  const { type, data } = (part ?? {}) as { type?: unknown; data?: unknown }
  return type === 'Buffer' && Array.isArray(data) ? Buffer.from(data).toString('hex') : part
}
