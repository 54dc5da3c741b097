import type { RecordHeaders } from '../../record/headers'
import type { ReadRecord } from './bounded-read'

const PREFIXES = ['__streams.errors.', '__millrace.errors.']

/** What a header that tells of the error tells, such as `offset`; `undefined` for any other header. */
export const errorHeader = (name: string): string | undefined => {
  const prefix = PREFIXES.find((each) => name.startsWith(each))
  return prefix && name.slice(prefix.length)
}

/** A record of a dead letter topic, copied. */
export interface DeadLetter {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  /** Of the record that failed, in milliseconds since 1970. */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  /** The record's own, without those that tell of the error. */
  readonly headers: RecordHeaders
  /** By the name after `__streams.errors.` or `__millrace.errors.`. */
  readonly error: ReadonlyMap<string, string>
  /** Where the record came from; `null` where no header tells. */
  readonly source: { readonly topic: string; readonly partition: number; readonly offset: number } | null
}

export const deadLetterOf = ({ topic, partition, cursor }: ReadRecord): DeadLetter => {
  const headers: [string, Buffer | null][] = []
  const error = new Map<string, string>()
  for (const [name, value] of cursor.headers()) {
    // of a record that failed twice, the last error counts
    const told = errorHeader(name)
    if (told !== undefined) error.set(told, value?.toString() ?? '')
    else headers.push([name, value === null ? null : Buffer.from(value)])
  }
  const { offset, timestamp, key, value } = cursor
  return {
    topic,
    partition,
    offset,
    timestamp,
    key: key && Buffer.from(key),
    value: value && Buffer.from(value),
    headers,
    error,
    source: sourceOf(error),
  }
}

const sourceOf = (error: ReadonlyMap<string, string>): DeadLetter['source'] => {
  const topic = error.get('topic')
  if (topic === undefined || topic === '') return null
  return { topic, partition: Number(error.get('partition') ?? -1), offset: Number(error.get('offset') ?? -1) }
}
