import { timerMs } from '../../durations'
import { type ErrorLocation, StreamsError } from '../../errors'
import type { ClientError, DeliveryListener } from '../../kafka/port'
import type { RecordHeaders } from '../../record/headers'
import { notAuthorized } from '../failure/not-authorized'
import type { SentRecord } from './record-producer'
import type { Encoded } from './topic-formats'

/** A record as it is sent. */
export interface OutgoingRecord {
  readonly topic: string
  /** A promise while a serde fetches something. */
  readonly encoded: Encoded | Promise<Encoded>
  readonly timestamp: number
  readonly headers: RecordHeaders
  /** `undefined`: by the key. */
  choosePartition(partitions: number): number | undefined
}

/** Who has sent the record. */
export interface PendingRecordOwner {
  /** Once, without an error where it was delivered. */
  settled(record: PendingRecord, error: StreamsError | undefined): void
  /** The client has failed: it has to be initialized, or its transaction aborted, before it takes another record. */
  clientFailed(): void
}

/** A record that was sent, until it is delivered or has failed. */
export class PendingRecord implements DeliveryListener {
  readonly promise: Promise<SentRecord>
  settled = false
  partition = -1
  private resolve!: (sent: SentRecord) => void
  private reject!: (error: StreamsError) => void
  private timer: NodeJS.Timeout | undefined

  constructor(
    readonly record: OutgoingRecord,
    private readonly owner: PendingRecordOwner,
  ) {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
  }

  /** Fails it if it is not handed to Kafka in time. */
  expireAfter(ms: number, error: () => StreamsError): void {
    if (ms !== Infinity) this.timer = setTimeout(() => this.fail(error()), timerMs(ms))
  }

  /** It is in the hands of the client, which has a time limit of its own. */
  handedOver(): void {
    clearTimeout(this.timer)
  }

  delivered(offset: number): void {
    const { topic, timestamp } = this.record
    if (this.settle(undefined)) this.resolve({ topic, partition: this.partition, offset, timestamp })
  }

  failed(error: ClientError): void {
    this.owner.clientFailed()
    this.refused(error)
  }

  /** Alone. */
  refused(error: ClientError): void {
    this.fail(undelivered(error, { topic: this.record.topic, partition: this.partition }))
  }

  fail(error: StreamsError): void {
    if (this.settle(error)) this.reject(error)
  }

  private settle(error: StreamsError | undefined): boolean {
    if (this.settled) return false
    this.settled = true
    clearTimeout(this.timer)
    this.owner.settled(this, error)
    return true
  }
}

/** What the client says of a record that was not delivered, or not even taken. */
export const undelivered = (error: ClientError, location: ErrorLocation & { readonly topic: string }): StreamsError => {
  const { topic } = location
  if (error.kind === 'authorization') return notAuthorized(error, location, { topic, operation: 'Write' })
  if (error.kind === 'unknownTopic') {
    return new StreamsError(
      'PRODUCTION_FAILED',
      `a record can't be written to topic "${topic}": ${error.message}. Topics are not created by being written to: create it first`,
      location,
      { cause: error },
    )
  }
  const unsure =
    error.kind === 'invalid' ? '' : '. It may have been written all the same: sending it again can double it'
  return new StreamsError(
    'PRODUCTION_FAILED',
    `a record for topic "${topic}" was not delivered: ${error.message}${unsure}`,
    location,
    { cause: error },
  )
}
