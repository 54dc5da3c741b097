import { StreamsError } from '../../errors'
import { timestampOf, wholeNumber } from '../groups/offset-target'
import { UsageError } from '../usage-error'
import type { Admin } from '../../kafka/port'
import { type ReadRange, rangesOf } from './bounded-read'
import { type DeadLetter, errorHeader } from './dead-letter'

/** Which records of a dead letter topic: the options of `dlq list` and `dlq replay`. */
export const SELECTION_OPTIONS = {
  partition: { type: 'string', value: 'n', help: 'only this partition of the dead letter topic' },
  'from-offset': { type: 'string', value: 'offset', help: 'only from this offset of the dead letter topic on' },
  'to-offset': { type: 'string', value: 'offset', help: 'only up to this offset, inclusive' },
  since: { type: 'string', value: 'time', help: 'only records with a timestamp from then on' },
  until: { type: 'string', value: 'time', help: 'only records with a timestamp before then' },
  exception: { type: 'string', multiple: 'list', value: 'name', help: 'only errors of this class, such as TypeError' },
  message: { type: 'string', value: 'text', help: 'only where the error message contains this text' },
  'source-topic': { type: 'string', multiple: 'list', value: 'topic', help: 'only records that came from this topic' },
  header: {
    type: 'string',
    multiple: 'repeated',
    value: 'name=value',
    help: 'only records with this header; also __streams.errors.… and __millrace.errors.…',
  },
} as const

interface SelectionOptions {
  readonly partition: string | undefined
  readonly 'from-offset': string | undefined
  readonly 'to-offset': string | undefined
  readonly since: string | undefined
  readonly until: string | undefined
  readonly exception: readonly string[]
  readonly message: string | undefined
  readonly 'source-topic': readonly string[]
  readonly header: readonly string[]
}

export interface Selection {
  /** What has to be read. */
  ranges(admin: Admin, topic: string, resumeAt?: (partition: number) => number): Promise<ReadRange[]>
  /** Whether a record that was read is meant. */
  has(letter: DeadLetter): boolean
}

export const selectionOf = (options: SelectionOptions): Selection => {
  const number = (name: 'partition' | 'from-offset' | 'to-offset'): number | undefined =>
    options[name] === undefined ? undefined : wholeNumber(options[name], name)
  const [only, from, to] = [number('partition'), number('from-offset'), number('to-offset')]
  const since = options.since === undefined ? -Infinity : timestampOf(options.since, 'since')
  const until = options.until === undefined ? Infinity : timestampOf(options.until, 'until')
  const headers = options.header.map(headerOf)
  const { exception, message, 'source-topic': sources } = options
  return {
    async ranges(admin, topic, resumeAt = () => 0) {
      const [found] = await admin.topics([topic])
      if (found?.error?.kind === 'unknownTopic') throw new UsageError(`there is no topic ${topic}`)
      if (found?.error !== undefined) throw found.error
      const all = Array.from({ length: found!.partitions }, (_, partition) => ({ topic, partition }))
      const chosen = all.filter(({ partition }) => only === undefined || partition === only)
      if (chosen.length === 0) {
        throw new StreamsError(
          'INVALID_ARGUMENT',
          `topic '${topic}' has no partition ${only}: the last one is ${all.length - 1}`,
        )
      }
      const begin = ({ partition }: { partition: number }): number => Math.max(from ?? 0, resumeAt(partition))
      const ranges = await rangesOf(admin, chosen, begin)
      return ranges.map((range) => ({ ...range, to: Math.min(range.to, (to ?? Infinity) + 1) }))
    },
    has: (letter) =>
      letter.timestamp >= since &&
      letter.timestamp < until &&
      (exception.length === 0 || exception.includes(letter.error.get('exception') ?? '')) &&
      (message === undefined || (letter.error.get('message') ?? '').includes(message)) &&
      (sources.length === 0 || sources.includes(letter.source?.topic ?? '')) &&
      headers.every(([name, value]) => hasHeader(letter, name, value)),
  }
}

const headerOf = (text: string): [name: string, value: string] => {
  const at = text.indexOf('=')
  if (at < 1) throw new UsageError(`--header is '${text}': give name=value`)
  return [text.slice(0, at), text.slice(at + 1)]
}

const hasHeader = ({ error, headers }: DeadLetter, name: string, value: string): boolean => {
  const told = errorHeader(name)
  if (told !== undefined) return error.get(told) === value
  return headers.some(([other, bytes]) => other === name && (bytes?.toString() ?? '') === value)
}
