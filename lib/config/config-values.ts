import { type Duration, toMilliseconds } from '../durations'
import { StreamsError } from '../errors'
import { javaSettingHint } from './java-settings'
import { nearestName } from '../nearest-name'

/** What is wrong with a configuration. */
export const invalid = (message: string): StreamsError => new StreamsError('INVALID_CONFIG', message)

/** A value as a message shows it. */
export const shown = (value: unknown): string => (typeof value === 'string' ? `'${value}'` : String(value))

/** An object of the configuration. `path` stands before its keys in messages: empty, or `producer.`. */
export interface ConfigSection<T extends object> {
  readonly values: T
  readonly path: string
}

type Key<T> = keyof T & string

export const oneOf = <T extends object, C extends string, F extends C | undefined = C>(
  { values, path }: ConfigSection<T>,
  key: Key<T>,
  allowed: readonly C[],
  fallback: F,
): C | F => {
  const value: unknown = values[key]
  if (value === undefined) return fallback
  const found = allowed.find((name) => name === value)
  if (found === undefined) throw invalid(`${path}${key} is ${shown(value)}: it can be ${allowed.map(shown).join(', ')}`)
  return found
}

export const duration = <T extends object>(
  { values, path }: ConfigSection<T>,
  key: Key<T>,
  fallback: number,
): number => {
  const value: unknown = values[key]
  if (value === undefined) return fallback
  try {
    return toMilliseconds(value as Duration, `${path}${key}`)
  } catch (error) {
    throw invalid((error as Error).message)
  }
}

/** Kafka's int32, which is 24 days. */
const LONGEST_OF_KAFKA_MS = 2 ** 31 - 1

/** A duration that brokers are told. */
export const kafkaDuration = <T extends object>(
  section: ConfigSection<T>,
  key: Key<T>,
  fallback: number,
  least = 1,
): number => {
  const ms = duration(section, key, fallback)
  if (ms >= least && ms <= LONGEST_OF_KAFKA_MS) return ms
  throw invalid(
    `${section.path}${key} is ${shown(section.values[key])}: give a time from ${least} to ${LONGEST_OF_KAFKA_MS} ms, which are 24 days`,
  )
}

export const whole = <T extends object>(
  { values, path }: ConfigSection<T>,
  key: Key<T>,
  fallback: number,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number => {
  const value: unknown = values[key]
  if (value === undefined) return fallback
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  const range = most === Number.MAX_SAFE_INTEGER ? `of ${least} or more` : `from ${least} to ${most}`
  throw invalid(`${path}${key} is ${shown(value)}: give a whole number ${range}`)
}

/** `suggestions`: the keys that an unknown one may have been meant for, by spelling, where it is no setting of Kafka's. */
export const refuseUnknownKeys = (
  { values, path }: ConfigSection<object>,
  keys: object,
  suggestions: ReadonlyMap<string, string>,
): void => {
  const unknown = Object.keys(values).filter((key) => !(key in keys))
  if (unknown.length === 0) return
  const named = unknown.map((key) => {
    const near = nearestName(key, [...suggestions.keys()])
    const hint = javaSettingHint(key) ?? (near === undefined ? undefined : `did you mean ${suggestions.get(near)}?`)
    return hint === undefined ? `${path}${key}` : `${path}${key} (${hint})`
  })
  throw invalid(`unknown configuration ${unknown.length > 1 ? 'keys' : 'key'}: ${named.join(', ')}`)
}
