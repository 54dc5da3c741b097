import type { StreamPartitioner, TimestampExtractor } from '../../../lib/topology/definition'
import type { Optional } from './values'
import { RecordHeaders } from './record'
import { fromJava, toJava } from './windows'
import type { RecordContext } from '../../../lib/record/record-context'

/* Java's functional interfaces take the key first; ours take the value first. */

type Any = (...args: never[]) => unknown

export const valueKey =
  <R>(fn: (key: unknown, value: unknown) => R) =>
  (value: unknown, key: unknown): R =>
    fromJava(fn(toJava(key), value)) as R

/** A `ValueMapper`, or a `ValueMapperWithKey` where it takes two. */
export const valueMapper = (fn: Any): ((value: unknown, key: unknown) => unknown) =>
  fn.length > 1 ? valueKey(fn as never) : (value) => (fn as (value: unknown) => unknown)(value)

export type JavaPartitioner = (
  topic: string,
  key: unknown,
  value: unknown,
  partitions: number,
) => Optional<ReadonlySet<number>>

export const streamPartitioner =
  (fn: JavaPartitioner): StreamPartitioner<unknown, unknown> =>
  (topic, key, value, partitions) => {
    const chosen = fn(topic, toJava(key), value, partitions)
    return chosen.isPresent() ? [...chosen.get()] : undefined
  }

const javaContext = (meta: RecordContext) => ({
  topic: () => meta.topic,
  partition: () => meta.partition,
  offset: () => meta.offset,
  timestamp: () => meta.timestamp,
  headers: () => new RecordHeaders(meta.headers),
})

export const topicExtractor =
  (fn: (key: unknown, value: unknown, context: ReturnType<typeof javaContext>) => string) =>
  (value: unknown, key: unknown, meta: RecordContext): string =>
    fn(toJava(key), value, javaContext(meta))

/** A consumer record with Java's getters. */
export const timestampExtractor =
  (fn: (record: unknown, partitionTime: number) => number): TimestampExtractor =>
  (record, partitionTime) =>
    fn(
      {
        key: () => record.key,
        value: () => record.value,
        timestamp: () => record.timestamp,
        topic: () => record.topic,
        partition: () => record.partition,
        offset: () => record.offset,
        headers: () => new RecordHeaders(record.headers),
      },
      partitionTime,
    )
