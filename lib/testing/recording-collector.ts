import type { Payload, Producer } from '../kafka/port'
import { RecordCollector } from '../runtime/output/record-collector'
import type { RecordHeaders } from '../record/headers'

/** A record as the topology sent it. */
export interface ProducedRecord {
  /** By its full name. */
  readonly topic: string
  /** As bytes. */
  readonly key: Buffer | null
  /** As bytes. */
  readonly value: Buffer | null
  /** In milliseconds since 1970. */
  readonly timestamp: number
  /** In the order in which they were written. */
  readonly headers: RecordHeaders
  /** Set where a partitioner or the operator chose it (changelogs); else Kafka's default partitioner would. */
  readonly partition?: number
}

/** Keeps what is sent, in order. Every topic exists; it has one partition unless `partitions` says otherwise. */
export class RecordingCollector extends RecordCollector {
  private records: ProducedRecord[] = []

  constructor(private readonly partitions: Readonly<Record<string, number>>) {
    super(nowhere)
  }

  /** What was sent since the last call. */
  take(): readonly ProducedRecord[] {
    const { records } = this
    this.records = []
    return records
  }

  protected override partitionCount(topic: string): number {
    return this.partitions[topic] ?? 1
  }

  /** A test that names no count may choose any. */
  protected override partitionLimit(topic: string): number {
    return this.partitions[topic] ?? Infinity
  }

  protected override dispatch(
    topic: string,
    _partitions: number,
    partition: number | null,
    key: Payload,
    value: Payload,
    timestamp: number,
    headers: RecordHeaders,
  ): undefined {
    const record = { topic, key: bytesOf(key), value: bytesOf(value), timestamp, headers }
    this.records.push(partition === null ? record : { ...record, partition })
  }
}

/** Copied, as a producer would: a dead letter's bytes are the input's, and serdes may reuse theirs. */
const bytesOf = (payload: Payload): Buffer | null =>
  payload === null ? null : typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(payload)

const done = async (): Promise<void> => {}

const nowhere: Producer = {
  init: done,
  loadTopics: done,
  partitionCount: () => 1,
  append: () => {},
  idle: () => {},
  writable: true,
  drained: done,
  flush: async () => new Map(),
  acknowledged: () => new Map(),
  begin: () => {},
  sendOffsets: done,
  commit: done,
  abort: done,
  close: done,
}
