import { requireFunction } from '../arguments'
import { StreamsError } from '../errors'
import type { RecordHeaders } from '../record/headers'
import type {
  ProducerKey,
  ProducerTopics,
  ProducerValue,
  RecordProducer,
  RecordSender,
  SendOptions,
  SentRecord,
} from '../runtime/producer/record-producer'
import { outgoing } from '../runtime/producer/sending'
import type { TopicFormats } from '../runtime/producer/topic-formats'

/** A record that was sent, with its offset: those of an aborted transaction have one as well, as in Kafka. */
export interface TestSentRecord {
  readonly topic: string
  readonly offset: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers: RecordHeaders
}

/** Where a test producer writes. */
export interface TestTopics {
  now(): number
  nextOffset(topic: string): number
  write(record: TestSentRecord): Promise<void>
}

/** The test driver's `RecordProducer`. */
export class TestProducer<Topics extends ProducerTopics> implements RecordProducer<Topics> {
  constructor(
    private readonly formats: TopicFormats,
    private readonly topics: TestTopics,
  ) {}

  async send<N extends keyof Topics & string>(
    topic: N,
    key: ProducerKey<Topics[N]> | null,
    value: ProducerValue<Topics[N]> | null,
    options?: SendOptions,
  ): Promise<SentRecord> {
    const { record, sent } = await this.prepare(topic, key, value, options)
    await this.topics.write(record)
    return sent
  }

  async transaction<R>(work: (tx: RecordSender<Topics>) => Promise<R>): Promise<R> {
    requireFunction(work, 'transaction', 'what sends its records')
    const preparing: Array<ReturnType<TestProducer<Topics>['prepare']>> = []
    let ended = false
    const tx: RecordSender<Topics> = {
      send: (topic, key, value, options) => {
        if (ended) return Promise.reject(afterTheEnd(topic))
        const prepared = this.prepare(topic, key, value, options)
        preparing.push(prepared)
        const sent = prepared.then((one) => one.sent)
        // the transaction fails with it
        sent.catch(() => {})
        return sent
      },
    }
    let result: R
    try {
      result = await work(tx)
    } finally {
      ended = true
    }
    for (const { record } of await Promise.all(preparing)) await this.topics.write(record)
    return result
  }

  private async prepare(
    topic: string,
    key: unknown,
    value: unknown,
    options: SendOptions | undefined,
  ): Promise<{ record: TestSentRecord; sent: SentRecord }> {
    const { encoded, timestamp, headers, choosePartition } = outgoing(this.formats, topic, key, value, options, () =>
      this.topics.now(),
    )
    const bytes = await encoded
    const offset = this.topics.nextOffset(topic)
    return {
      record: { topic, offset, timestamp, headers, ...bytes },
      sent: { topic, partition: choosePartition(1) ?? 0, offset, timestamp },
    }
  }
}

const afterTheEnd = (topic: string): StreamsError =>
  new StreamsError('ILLEGAL_STATE', `a record for topic "${topic}" was sent after its transaction had ended`, { topic })
