import type {
  AcknowledgedRun,
  CommittedOffset,
  DeliveryListener,
  GroupMetadata,
  Payload,
  Producer,
} from '../../kafka/port'
import type { RecordHeaders } from '../../record/headers'
import type { TopicPartition } from '../../record/topic-partition'
import type { RunCounts } from './run-counts'

/** Counts what a producer writes; what a transaction writes counts when it is committed. */
export class CountingProducer implements Producer {
  readonly #appended = new Map<string, number>()
  #inTransaction = false

  constructor(
    private readonly producer: Producer,
    private readonly counts: RunCounts,
  ) {}

  get writable(): boolean {
    return this.producer.writable
  }

  init(): Promise<void> {
    return this.producer.init()
  }

  loadTopics(topics: readonly string[]): Promise<void> {
    return this.producer.loadTopics(topics)
  }

  partitionCount(topic: string): number | undefined {
    return this.producer.partitionCount(topic)
  }

  append(
    topic: string,
    partition: number,
    key: Payload,
    value: Payload,
    timestamp: number,
    headers: RecordHeaders,
    listener?: DeliveryListener,
  ): void {
    this.producer.append(topic, partition, key, value, timestamp, headers, listener)
    if (this.#inTransaction) this.#appended.set(topic, (this.#appended.get(topic) ?? 0) + 1)
    else this.counts.written(topic, 1)
  }

  idle(): void {
    this.producer.idle()
  }

  drained(): Promise<void> {
    return this.producer.drained()
  }

  flush(): Promise<ReadonlyMap<string, number>> {
    return this.producer.flush()
  }

  acknowledged(): ReadonlyMap<string, AcknowledgedRun> {
    return this.producer.acknowledged()
  }

  begin(): void {
    this.producer.begin()
    this.#inTransaction = true
  }

  sendOffsets(offsets: ReadonlyArray<TopicPartition & CommittedOffset>, group: GroupMetadata): Promise<void> {
    return this.producer.sendOffsets(offsets, group)
  }

  async commit(): Promise<void> {
    await this.producer.commit()
    this.#inTransaction = false
    for (const [topic, records] of this.#appended) this.counts.written(topic, records)
    this.#appended.clear()
  }

  async abort(): Promise<void> {
    this.#appended.clear()
    this.#inTransaction = false
    await this.producer.abort()
  }

  close(options?: { discard?: boolean }): Promise<void> {
    return this.producer.close(options)
  }
}
