import type { Isolation, TopicSpec } from '../../port'
import { flex, rigid, type Frame } from '../protocol/frame'
import type { WireReader, WireWriter } from '../protocol/wire'
import type { TopicPartition } from '../../../record/topic-partition'

export interface NamedResult {
  readonly name: string
  readonly errorCode: number
  readonly errorMessage: string | null
}

const BROKER_DEFAULT = -1

/** v4: the first in which the replication factor may be left to the broker. */
export const createTopicsFrame = (specs: readonly TopicSpec[], timeoutMs: number): Frame<NamedResult[]> =>
  rigid(
    { key: 19, version: 4, name: 'CreateTopics' },
    (w) => {
      w.array(specs, ({ topic, partitions, replicationFactor = BROKER_DEFAULT, configs = {} }) => {
        w.string(topic)
          .int32(partitions)
          .int16(replicationFactor)
          .array([], () => {})
        w.array(Object.entries(configs), ([name, value]) => w.string(name).string(value))
      })
      w.int32(timeoutMs).boolean(false)
    },
    (r) => {
      r.int32() // throttle time
      return r.array(() => ({ name: r.string(), errorCode: r.int16(), errorMessage: r.nullableString() }))
    },
  )

export const deleteTopicsFrame = (topics: readonly string[], timeoutMs: number): Frame<NamedResult[]> =>
  rigid(
    { key: 20, version: 3, name: 'DeleteTopics' },
    (w) => {
      w.array(topics, (topic) => w.string(topic)).int32(timeoutMs)
    },
    (r) => {
      r.int32() // throttle time
      return r.array(() => ({ name: r.string(), errorCode: r.int16(), errorMessage: null }))
    },
  )

const TOPIC_RESOURCE = 2
const SET_ON_TOPIC = 1

export interface TopicConfigs extends NamedResult {
  readonly configs: Map<string, { value: string | null; isDefault: boolean }>
}

export const describeTopicConfigsFrame = (topic: string): Frame<TopicConfigs> =>
  rigid(
    { key: 32, version: 2, name: 'DescribeConfigs' },
    (w) => {
      w.array([topic], (name) =>
        w
          .int8(TOPIC_RESOURCE)
          .string(name)
          .array(null, () => {}),
      )
      w.boolean(false) // no synonyms
    },
    (r) => {
      r.int32() // throttle time
      const [result] = r.array(() => {
        const head = { errorCode: r.int16(), errorMessage: r.nullableString() }
        r.int8() // resource type
        const name = r.string()
        const configs: TopicConfigs['configs'] = new Map()
        r.array(() => {
          const config = r.string()
          const value = r.nullableString()
          r.boolean() // read-only
          const source = r.int8()
          r.boolean() // sensitive: then the value is null
          r.array(() => [r.string(), r.nullableString(), r.int8()]) // synonyms
          configs.set(config, { value, isDefault: source !== SET_ON_TOPIC })
        })
        return { ...head, name, configs }
      })
      return result ?? { name: topic, errorCode: -1, errorMessage: null, configs: new Map() }
    },
  )

const SET = 0
const DELETE = 1

/** KIP-339: changes what is named and nothing else; AlterConfigs, which kafkajs has, resets every other config. */
export const alterTopicConfigsFrame = (topic: string, set: Record<string, string | null>): Frame<NamedResult> =>
  flex(
    { key: 44, version: 1, name: 'IncrementalAlterConfigs' },
    (w) => {
      w.compactArray([topic], (name) => {
        w.int8(TOPIC_RESOURCE).compactString(name)
        w.compactArray(Object.entries(set), ([config, value]) => {
          w.compactString(config)
            .int8(value === null ? DELETE : SET)
            .compactString(value)
            .tags()
        })
        w.tags()
      })
      w.boolean(false) // not only validate
    },
    (r) => {
      r.int32() // throttle time
      const [result] = r.compactArray(() => {
        const head = { errorCode: r.int16(), errorMessage: r.nullableCompactString() }
        r.int8() // resource type
        const name = r.compactString()
        r.tags()
        return { ...head, name }
      })
      return result ?? { name: topic, errorCode: -1, errorMessage: null }
    },
  )

export interface PartitionResult extends TopicPartition {
  readonly errorCode: number
}

const EARLIEST = -2
const LATEST = -1

export type OffsetQuery = TopicPartition & { readonly at: 'earliest' | 'latest' | number }

/** -1: no record at or after the time that was asked for. */
export const listOffsetsFrame = (
  queries: readonly OffsetQuery[],
  isolation: Isolation,
): Frame<Array<PartitionResult & { offset: number }>> =>
  rigid(
    { key: 2, version: 3, name: 'ListOffsets' },
    (w) => {
      w.int32(-1).int8(isolation === 'read_committed' ? 1 : 0)
      byTopic(w, queries, ({ partition, at }) => {
        w.int32(partition).int64(at === 'earliest' ? EARLIEST : at === 'latest' ? LATEST : at)
      })
    },
    (r) => {
      r.int32() // throttle time
      return ofTopics(r, (topic) => {
        const head = { topic, partition: r.int32(), errorCode: r.int16() }
        r.int64() // timestamp
        return { ...head, offset: r.int64() }
      })
    },
  )

export const deleteRecordsFrame = (
  before: ReadonlyArray<TopicPartition & { offset: number }>,
  timeoutMs: number,
): Frame<PartitionResult[]> =>
  rigid(
    { key: 21, version: 1, name: 'DeleteRecords' },
    (w) => {
      byTopic(w, before, ({ partition, offset }) => w.int32(partition).int64(offset))
      w.int32(timeoutMs)
    },
    (r) => {
      r.int32() // throttle time
      return ofTopics(r, (topic) => {
        const partition = r.int32()
        r.int64() // low watermark
        return { topic, partition, errorCode: r.int16() }
      })
    },
  )

export const byTopic = <T extends TopicPartition>(
  w: WireWriter,
  items: readonly T[],
  write: (item: T) => void,
): void => {
  const topics = new Map<string, T[]>()
  for (const item of items) if (!topics.get(item.topic)?.push(item)) topics.set(item.topic, [item])
  w.array([...topics], ([topic, list]) => w.string(topic).array(list, write))
}

export const ofTopics = <T>(r: WireReader, read: (topic: string) => T): T[] =>
  r
    .array(() => {
      const topic = r.string()
      return r.array(() => read(topic))
    })
    .flat()
