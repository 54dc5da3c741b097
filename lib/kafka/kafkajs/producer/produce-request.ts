import type { PartitionBuffer } from './partition-buffer'
import type { ProducerBatch } from './batch'
import { bulky, type Frame } from '../protocol/frame'

/** One batch of one partition in a Produce request: the broker accepts only one per partition. */
export interface ProducePart {
  readonly buffer: PartitionBuffer
  readonly batch: ProducerBatch
}

export interface ProduceAnswer {
  readonly errorCode: number
  /** -1 if the broker no longer knows it */
  readonly baseOffset: number
  readonly logStartOffset: number
}

const ALL_IN_SYNC_REPLICAS = -1
const OVERHEAD = 64

/** v7: the first that allows zstd. The answers are in the order of `parts`. */
export const produceRequest = (
  parts: readonly ProducePart[],
  transactionalId: string | null,
  timeoutMs: number,
): Frame<ProduceAnswer[]> => {
  const byTopic = new Map<string, ProducePart[]>()
  let size = OVERHEAD + (transactionalId?.length ?? 0) * 3
  for (const part of parts) {
    const { topic } = part.buffer
    const list = byTopic.get(topic)
    if (list === undefined) {
      byTopic.set(topic, [part])
      size += topic.length + OVERHEAD
    } else list.push(part)
    size += part.batch.bytes.length + OVERHEAD
  }
  return bulky(
    { key: 0, version: 7, name: 'Produce' },
    (writer) => {
      writer.string(transactionalId).int16(ALL_IN_SYNC_REPLICAS).int32(timeoutMs)
      writer.array([...byTopic], ([topic, list]) => {
        writer.string(topic)
        writer.array(list, ({ buffer, batch }) => writer.int32(buffer.partition).bytes(batch.bytes))
      })
    },
    (reader) => {
      const answers = new Map<string, ProduceAnswer>()
      reader.array(() => {
        const topic = reader.string()
        reader.array(() => {
          const partition = reader.int32()
          const errorCode = reader.int16()
          const baseOffset = reader.int64()
          reader.int64()
          answers.set(`${topic}-${partition}`, { errorCode, baseOffset, logStartOffset: reader.int64() })
        })
      })
      return parts.map(({ buffer }) => answers.get(buffer.key) ?? NO_ANSWER)
    },
    size,
  )
}

/** UNKNOWN_SERVER_ERROR: a partition missing from the broker's response. */
const NO_ANSWER: ProduceAnswer = { errorCode: -1, baseOffset: -1, logStartOffset: -1 }
