import type { CommittedOffset, GroupMetadata } from '../port'
import { brokerError } from './broker-error'
import type { GroupCoordinator } from './group-coordinator'
import type { PartitionLog } from './partition-log'
import type { TopicPartition } from '../../record/topic-partition'

export interface ProducerIdentity {
  readonly producerId: number
  readonly epoch: number
}

interface TransactionalProducer {
  readonly transactionalId: string
  readonly producerId: number
  epoch: number
  timeoutMs: number
  /** Partitions written in the open transaction; undefined: none is open. */
  open:
    | { partitions: Set<PartitionLog>; groups: Set<string>; readonly endsAt: number; readonly expiry: NodeJS.Timeout }
    | undefined
}

/** Kafka's transaction.max.timeout.ms. */
const MAX_TIMEOUT_MS = 900_000

/** Hands out producer ids and epochs, fences, and ends transactions with markers in every partition they touched. */
export class TransactionCoordinator {
  private readonly byTransactionalId = new Map<string, TransactionalProducer>()
  private readonly byProducerId = new Map<number, TransactionalProducer>()
  private nextProducerId = 0

  constructor(private readonly groups: GroupCoordinator) {}

  initIdempotent(): ProducerIdentity {
    return { producerId: this.nextProducerId++, epoch: 0 }
  }

  /** A newer epoch fences whoever used the id before, and aborts what that one left open. */
  initTransactional(transactionalId: string, timeoutMs: number): ProducerIdentity {
    if (!(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
      throw brokerError(
        'INVALID_TRANSACTION_TIMEOUT',
        `transactionTimeoutMs ${timeoutMs} of "${transactionalId}": must be above 0 and at most ${MAX_TIMEOUT_MS}`,
      )
    }
    let producer = this.byTransactionalId.get(transactionalId)
    if (producer) {
      producer.epoch++
      producer.timeoutMs = timeoutMs
      this.finish(producer, 'abort')
    } else {
      producer = { transactionalId, producerId: this.nextProducerId++, epoch: 0, timeoutMs, open: undefined }
      this.byTransactionalId.set(transactionalId, producer)
      this.byProducerId.set(producer.producerId, producer)
    }
    return { producerId: producer.producerId, epoch: producer.epoch }
  }

  /** Before each append in a transaction: checks the epoch, and counts the partition in. */
  addPartition(identity: ProducerIdentity, log: PartitionLog): void {
    this.opened(identity).partitions.add(log)
  }

  /** TxnOffsetCommit with KIP-447's checks: seen by nobody until the transaction commits. */
  addOffsets(
    identity: ProducerIdentity,
    group: GroupMetadata,
    offsets: ReadonlyArray<TopicPartition & CommittedOffset>,
  ): void {
    this.require(identity)
    this.groups.addPendingOffsets(identity.producerId, group, offsets)
    this.opened(identity).groups.add(group.groupId)
  }

  end(identity: ProducerIdentity, result: 'commit' | 'abort'): void {
    this.finish(this.require(identity), result)
  }

  forgetPartitions(logs: readonly PartitionLog[]): void {
    for (const { open } of this.byTransactionalId.values()) for (const log of logs) open?.partitions.delete(log)
  }

  close(): void {
    for (const { open } of this.byTransactionalId.values()) clearTimeout(open?.expiry)
    this.byTransactionalId.clear()
    this.byProducerId.clear()
  }

  private require(identity: ProducerIdentity): TransactionalProducer {
    const producer = this.byProducerId.get(identity.producerId)
    // the timer is late where the event loop was kept busy
    if (producer?.open && performance.now() >= producer.open.endsAt) this.expire(producer)
    if (!producer || producer.epoch !== identity.epoch) {
      throw brokerError(
        'PRODUCER_FENCED',
        `Producer ${identity.producerId} with epoch ${identity.epoch} is fenced: the transactional id ` +
          `"${producer?.transactionalId}" has a newer one (epoch ${producer?.epoch}), or its transaction timed out`,
      )
    }
    return producer
  }

  private opened(identity: ProducerIdentity): NonNullable<TransactionalProducer['open']> {
    const producer = this.require(identity)
    producer.open ??= {
      partitions: new Set(),
      groups: new Set(),
      endsAt: performance.now() + producer.timeoutMs,
      expiry: setTimeout(() => this.expire(producer), producer.timeoutMs).unref(),
    }
    return producer.open
  }

  private expire(producer: TransactionalProducer): void {
    producer.epoch++
    this.finish(producer, 'abort')
  }

  private finish(producer: TransactionalProducer, result: 'commit' | 'abort'): void {
    const { open } = producer
    if (!open) return
    producer.open = undefined
    clearTimeout(open.expiry)
    for (const log of open.partitions) log.endTransaction(producer.producerId, producer.epoch, result, Date.now())
    for (const group of open.groups) this.groups.endTransaction(group, producer.producerId, result)
  }
}
