import type { KeyValueStore, KeyValueStoreHandle, ProcessingGuarantee, StreamsBuilder } from '../../../lib'
import type { TopicRecord } from '../../support/topics'

/** Of all topics. */
export const PARTITIONS = 3

/** What is in the topics of a workload, committed, in order within a partition. */
export interface Logs {
  /** By the short name of the topic. */
  readonly inputs: ReadonlyMap<string, readonly TopicRecord[]>
  readonly output: readonly TopicRecord[]
}

/** An application, and what must be true of its results whatever happens to it. */
export interface Workload {
  readonly name: string
  readonly guarantee: ProcessingGuarantee
  /** Short names. */
  readonly inputs: readonly string[]
  readonly output: string
  /** Whose contents are compared after they were restored from the changelog alone. */
  readonly store?: KeyValueStoreHandle<string, number, KeyValueStore<string, number>>
  /** `topic` gives the full name of a topic. */
  build(builder: StreamsBuilder, topic: (name: string) => string): void
  /** What the inputs call for and the output does not have, or not yet. */
  missing(logs: Logs): string[]
  /** What the output has and should not. */
  wrong(logs: Logs): string[]
  /** What the restored store has and should not, or does not have. */
  wrongState?(logs: Logs, state: ReadonlyMap<string, number>): string[]
}

/** How often each value is there. */
export const tally = (values: Iterable<string>): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return counts
}

/** What is there more than once, or was not expected at all. */
export const repeatedOrUnknown = (
  seen: ReadonlyMap<string, number>,
  expected: { has(value: string): boolean },
): string[] =>
  [...seen].flatMap(([value, times]) => {
    if (!expected.has(value)) return [`${value} should not be there`]
    return times > 1 ? [`${value} is there ${times} times`] : []
  })
