import { StreamsError } from '../../errors'
import type { Admin, CommittedOffset } from '../../kafka/port'
import { tpKey, type TopicPartition } from '../../record/topic-partition'
import { duration } from '../duration-option'
import { UsageError } from '../usage-error'

/** Where offsets are set to: the options of `groups reset-offsets` and of `reset`. */
export const TARGET_OPTIONS = {
  'to-earliest': { type: 'boolean', help: 'to the first record that there is' },
  'to-latest': { type: 'boolean', help: 'to the end: skip what there is' },
  'to-datetime': {
    type: 'string',
    value: 'time',
    help: 'to the first record from then on: 2026-01-31T08:00:00Z; UTC without a zone',
  },
  'by-duration': {
    type: 'string',
    value: 'duration',
    help: 'to the first record of the last 90s, 30m, 12h, 7d … or PT12H',
  },
  'shift-by': {
    type: 'string',
    value: 'n',
    help: 'n records onwards from the committed offset; back with --shift-by=-n',
  },
  'to-offset': { type: 'string', value: 'offset', help: 'to this offset' },
} as const

type TargetOptions = {
  readonly [K in keyof typeof TARGET_OPTIONS]: (typeof TARGET_OPTIONS)[K] extends { type: 'boolean' }
    ? boolean
    : string | undefined
}

export type OffsetTarget =
  | { readonly to: 'earliest' | 'latest' }
  | { readonly to: 'time'; readonly timestamp: number }
  | { readonly to: 'shift'; readonly by: number }
  | { readonly to: 'offset'; readonly offset: number }

/** `undefined` if no option says it. */
export const offsetTarget = (options: TargetOptions, now: number): OffsetTarget | undefined => {
  const names = Object.keys(TARGET_OPTIONS) as (keyof typeof TARGET_OPTIONS)[]
  const given = names.filter((name) => options[name] !== undefined && options[name] !== false)
  if (given.length > 1) throw new UsageError(`${given.map((name) => `--${name}`).join(' and ')} exclude each other`)
  const [name] = given
  switch (name) {
    case undefined:
      return undefined
    case 'to-earliest':
      return { to: 'earliest' }
    case 'to-latest':
      return { to: 'latest' }
    case 'to-datetime':
      return { to: 'time', timestamp: timestampOf(options[name]!, name) }
    case 'by-duration':
      return { to: 'time', timestamp: now - durationOf(options[name]!, name) }
    case 'shift-by':
      return { to: 'shift', by: wholeNumber(options[name]!, name) }
    case 'to-offset':
      return { to: 'offset', offset: wholeNumber(options[name]!, name) }
  }
}

/** The change of one offset. */
export interface OffsetChange extends TopicPartition {
  readonly from: number | null
  readonly to: number
}

/** The new offset of each partition, within what the partition has. */
export const offsetChanges = async (
  admin: Admin,
  partitions: readonly TopicPartition[],
  committed: ReadonlyMap<string, CommittedOffset>,
  target: OffsetTarget,
): Promise<OffsetChange[]> => {
  const list = (at: 'earliest' | 'latest' | number) => admin.listOffsets(partitions.map((tp) => ({ ...tp, at })))
  const [starts, ends] = await Promise.all([list('earliest'), list('latest')])
  const atTime = target.to === 'time' ? await list(target.timestamp) : undefined
  return partitions.map(({ topic, partition }) => {
    const key = tpKey(topic, partition)
    const from = committed.get(key)?.offset ?? null
    const [start, end] = [starts.get(key)!, ends.get(key)!]
    const wanted = (): number => {
      switch (target.to) {
        case 'earliest':
          return start
        case 'latest':
          return end
        case 'time':
          return atTime!.get(key)!
        case 'shift':
          if (from !== null) return from + target.by
          throw new StreamsError(
            'INVALID_ARGUMENT',
            `the group has no offset in ${key} that could be shifted: choose another target`,
            { topic, partition },
          )
        case 'offset':
          return target.offset
      }
    }
    return { topic, partition, from, to: Math.min(end, Math.max(start, wanted())) }
  })
}

const HAS_ZONE = /(z|[+-]\d\d:?\d\d)$/i

/** A date and time, or milliseconds since 1970. */
export const timestampOf = (text: string, option: string): number => {
  if (/^\d+$/.test(text)) return Number(text)
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text)
  const timestamp = Date.parse(isDate || HAS_ZONE.test(text) ? text : `${text}Z`)
  if (!Number.isNaN(timestamp)) return timestamp
  throw new UsageError(`--${option} is '${text}': give a date and time such as 2026-01-31T08:00:00Z`)
}

const ISO_DURATION = /^P(?=T?\d)(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/

const durationOf = (text: string, option: string): number => {
  const iso = ISO_DURATION.exec(text)
  if (iso !== null) {
    const [, days = 0, hours = 0, minutes = 0, seconds = 0] = iso
    return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
  }
  return duration(text, option)
}

export const wholeNumber = (text: string, option: string): number => {
  if (/^-?\d+$/.test(text)) return Number(text)
  throw new UsageError(`--${option} is '${text}': give a whole number`)
}
