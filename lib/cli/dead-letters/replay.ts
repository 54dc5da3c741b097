import { StreamsError } from '../../errors'
import {
  ClientError,
  type CommittedOffset,
  type GroupMetadata,
  type KafkaClient,
  type Producer,
} from '../../kafka/port'
import { partitionFor } from '../../bytes/murmur2'
import type { TopicPartition } from '../../record/topic-partition'
import { boundedRead, type ReadRange } from './bounded-read'
import { type DeadLetter, deadLetterOf } from './dead-letter'
import type { Selection } from './selection'

export interface ReplayOptions {
  readonly ranges: readonly ReadRange[]
  readonly selection: Selection
  /** Instead of the topic that the record came from. */
  readonly to: string | undefined
  /** Remembers what was read, in the same transactions. */
  readonly group: string | undefined
  readonly transactionalId: string
  readonly signal: AbortSignal
  readonly progress: (counts: ReplayCounts) => void
}

export interface ReplayCounts {
  /** By target topic. */
  readonly replayed: ReadonlyMap<string, number>
  /** Not selected. */
  readonly passedOver: number
  /** No header tells where they came from. */
  readonly withoutSource: number
  /** They have neither key nor value: an operator had held the record, and its bytes were no longer known when it failed. */
  readonly withoutBytes: number
}

/** Records in a transaction: what a crash repeats nothing of, and what readers wait for. */
const BATCH = 1_000

export const targetOf = ({ source }: DeadLetter, to: string | undefined): string | undefined => to ?? source?.topic

/** Counts what would be replayed. */
export const countReplay = async (
  client: KafkaClient,
  { ranges, selection, to }: Pick<ReplayOptions, 'ranges' | 'selection' | 'to'>,
): Promise<ReplayCounts> => {
  const counts = new Counting()
  for await (const record of boundedRead(client, ranges)) counts.take(deadLetterOf(record), selection, to)
  return counts
}

/**
 * Writes the selected records to the topics that they came from, in transactions. What was committed is counted, and stays
 * if a later record fails.
 */
export const replay = async (client: KafkaClient, options: ReplayOptions): Promise<ReplayCounts> => {
  const { ranges, selection, to, transactionalId, signal } = options
  const counts = new Counting()
  const producer = client.producer({ transactionalId, lingerMs: 5 })
  const batch = new Batch(producer, options)
  try {
    await producer.init()
    for await (const record of boundedRead(client, ranges)) {
      const letter = deadLetterOf(record)
      const target = counts.take(letter, selection, to)
      await batch.add(letter, target)
      if (batch.size < BATCH) continue
      await batch.commit()
      options.progress(counts)
      if (signal.aborted) break
    }
    await batch.commit()
    options.progress(counts)
    return counts
  } finally {
    await producer.close()
  }
}

class Counting implements ReplayCounts {
  readonly replayed = new Map<string, number>()
  passedOver = 0
  withoutSource = 0
  withoutBytes = 0

  /** Returns the topic to write to, if any. */
  take(letter: DeadLetter, selection: Selection, to: string | undefined): string | undefined {
    if (!selection.has(letter)) {
      this.passedOver++
      return undefined
    }
    if (letter.key === null && letter.value === null) {
      this.withoutBytes++
      return undefined
    }
    const target = targetOf(letter, to)
    if (target === undefined) this.withoutSource++
    else this.replayed.set(target, (this.replayed.get(target) ?? 0) + 1)
    return target
  }
}

class Batch {
  size = 0
  private readonly offsets = new Map<number, TopicPartition & CommittedOffset>()
  private readonly loaded = new Set<string>()
  private keyless = 0

  constructor(
    private readonly producer: Producer,
    private readonly options: ReplayOptions,
  ) {}

  async add(letter: DeadLetter, target: string | undefined): Promise<void> {
    const { producer } = this
    if (this.size++ === 0) producer.begin()
    const { topic, partition, offset } = letter
    this.offsets.set(partition, { topic, partition, offset: offset + 1, metadata: '' })
    if (target === undefined) return
    if (!this.loaded.has(target)) await this.load(target)
    producer.append(
      target,
      this.partitionOf(letter, target),
      letter.key,
      letter.value,
      letter.timestamp,
      letter.headers,
    )
    if (!producer.writable) await producer.drained()
  }

  private async load(target: string): Promise<void> {
    try {
      await this.producer.loadTopics([target])
    } catch (error) {
      if (!(error instanceof ClientError) || error.kind !== 'unknownTopic') throw error
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `there is no topic '${target}': create it, or choose another with --to`,
      )
    }
    this.loaded.add(target)
  }

  async commit(): Promise<void> {
    if (this.size === 0) return
    const { group } = this.options
    await this.producer.flush()
    if (group !== undefined) await this.producer.sendOffsets([...this.offsets.values()], noMemberOf(group))
    await this.producer.commit()
    this.size = 0
    this.offsets.clear()
  }

  /** The partition it came from, which a partitioner of the writer's own may have chosen; elsewhere by its key. */
  private partitionOf({ source, key }: DeadLetter, target: string): number {
    const count = this.producer.partitionCount(target)
    if (count === undefined) throw new StreamsError('KAFKA_FAILED', `the partitions of topic '${target}' are not known`)
    const own = source !== null && source.topic === target ? source.partition : -1
    if (own >= 0 && own < count) return own
    return key === null ? this.keyless++ % count : partitionFor(key, count)
  }
}

const noMemberOf = (groupId: string): GroupMetadata => ({
  groupId,
  memberId: '',
  generationId: -1,
  groupInstanceId: null,
})
