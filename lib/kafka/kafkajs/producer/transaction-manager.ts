import { ClientError, type CommittedOffset, type GroupMetadata } from '../../port'
import type { KafkaConnection } from '../connection/connection'
import { Coordinator } from '../connection/coordinator'
import { isClosed, isRetriable, toClientError } from '../protocol/errors'
import type { PartitionBuffer } from './partition-buffer'
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  initProducerId,
  NO_IDENTITY,
  txnOffsetCommit,
  type ProducerIdentity,
} from './transaction-requests'
import { tpKey, type TopicPartition } from '../../../record/topic-partition'

export interface TransactionListener {
  /** The requested partitions may be written now. */
  partitionsAdded(): void
  failed(error: ClientError): void
}

const INVALID_TXN_STATE = 48
const UNKNOWN_TOPIC = 'UNKNOWN_TOPIC_OR_PARTITION'

/** A topic just created may be unknown to the group's coordinator for a moment; one that was deleted stays so. */
const ATTEMPTS_FOR_UNKNOWN_TOPIC = 3

/**
 * The dialogue with the transaction coordinator. A transaction begins locally; the coordinator learns of it with the first
 * partition or offset. Partitions are added together in one request.
 */
export class TransactionManager {
  identity: ProducerIdentity = NO_IDENTITY
  /** between `begin` and the end */
  open = false
  /** the outcome of a commit isn't known yet */
  committing = false
  /** Counts transactions: what was added to an earlier one isn't part of this one. */
  number = 0
  /** the coordinator knows, or may know, of the transaction */
  private known = false
  private readonly asked = new Set<PartitionBuffer>()
  private adding: Promise<void> | undefined
  private readonly groups = new Set<string>()
  private readonly coordinator: Coordinator
  private readonly groupCoordinators = new Map<string, Coordinator>()

  constructor(
    private readonly connection: KafkaConnection,
    private readonly transactionalId: string,
    private readonly transactionTimeoutMs: number,
    private readonly deadlineMs: number,
    private readonly listener: TransactionListener,
  ) {
    this.coordinator = new Coordinator(connection, 'transaction', transactionalId, deadlineMs)
  }

  /** Fences every other producer of this transactional id and ends its transaction. */
  async init(): Promise<ProducerIdentity> {
    this.closeTransaction()
    return this.initProducerId(NO_IDENTITY)
  }

  get writable(): boolean {
    return this.open && !this.committing
  }

  begin(): void {
    this.open = true
  }

  /** Whether the partition is part of the transaction; if not, asks the coordinator to add it. */
  admits(buffer: PartitionBuffer): boolean {
    if (buffer.transaction === this.number) return true
    if (buffer.askedFor === this.number) return false
    buffer.askedFor = this.number
    this.asked.add(buffer)
    this.adding ??= this.addPartitions().finally(() => {
      this.adding = undefined
    })
    return false
  }

  async sendOffsets(offsets: ReadonlyArray<TopicPartition & CommittedOffset>, group: GroupMetadata): Promise<void> {
    const { transactionalId, identity, number } = this
    const { groupId } = group
    if (!this.groups.has(groupId)) {
      this.known = true
      await this.coordinator.call(() => addOffsetsToTxn(transactionalId, identity, groupId), {
        doing: this.doing(`adding the offsets of group '${groupId}'`),
      })
      if (number !== this.number)
        throw new ClientError('abortable', this.doing('sending offsets: it has ended since'), 'TRANSACTION_ABORTED')
      this.groups.add(groupId)
    }
    let unknown = 0
    await this.coordinatorOf(groupId).call(() => txnOffsetCommit(transactionalId, identity, group, offsets), {
      doing: this.doing(
        `committing ${offsets.length} offsets of group '${groupId}' as member '${group.memberId}' of generation ${group.generationId}`,
      ),
      operation: 'Read',
      alsoRetry: ({ code }) =>
        code === 'UNSTABLE_OFFSET_COMMIT' || (code === UNKNOWN_TOPIC && ++unknown < ATTEMPTS_FOR_UNKNOWN_TOPIC),
    })
  }

  /**
   * Everything has been acknowledged. Where an attempt's outcome is lost with the connection, the next one settles it: the coordinator
   * answers a repeated commit like the first. On a `retriable` failure the outcome is open, and `commit` may be called again.
   */
  async commit(): Promise<void> {
    const { transactionalId, identity } = this
    if (this.known) {
      this.committing = true
      try {
        await this.coordinator.call(() => endTxn(transactionalId, identity, true), { doing: this.doing('committing') })
      } catch (error) {
        // rejected, so it can still be aborted
        if (!isRetriable(error) && !isClosed(error)) this.committing = false
        throw error
      }
    }
    this.closeTransaction()
  }

  /**
   * `clean`: whatever was sent has been acknowledged, so an abort marker ends it. If not, the producer's epoch is bumped (KIP-360): that aborts
   * the transaction, and keeps records that are still on their way out of the next one.
   */
  async abort(clean: boolean): Promise<'aborted' | 'bumped'> {
    await this.adding
    if (clean && this.known) clean = await this.endAborted()
    if (!clean) await this.initProducerId(this.identity)
    this.closeTransaction()
    return clean ? 'aborted' : 'bumped'
  }

  /** False if coordinator and producer don't agree on the state: then only a new epoch helps. */
  private async endAborted(): Promise<boolean> {
    const { transactionalId, identity } = this
    const { errorCode } = await this.coordinator.call(() => endTxn(transactionalId, identity, false), {
      doing: this.doing('aborting'),
      accept: (answer) => answer.errorCode === INVALID_TXN_STATE,
    })
    return errorCode === 0
  }

  private async initProducerId(current: ProducerIdentity): Promise<ProducerIdentity> {
    const { producerId, producerEpoch } = await this.coordinator.call(
      () => initProducerId(this.transactionalId, this.transactionTimeoutMs, current),
      { doing: this.doing('initializing the producer') },
    )
    this.identity = { producerId, producerEpoch }
    return this.identity
  }

  /** One request at a time; partitions added while it is in flight go with the next. */
  private async addPartitions(): Promise<void> {
    // includes whatever else is written in this turn
    await new Promise(setImmediate)
    while (this.asked.size > 0) {
      const buffers = [...this.asked]
      this.asked.clear()
      const { number, transactionalId, identity } = this
      this.known = true
      const names = buffers.map(({ topic, partition }) => tpKey(topic, partition)).join(', ')
      try {
        await this.coordinator.call(() => addPartitionsToTxn(transactionalId, identity, buffers), {
          doing: this.doing(`adding the partitions ${names}`),
          operation: 'Write',
          alsoRetry: ({ code }) => code === UNKNOWN_TOPIC,
          // one was just created, or it was deleted: those who wait for its records learn of that from the producer's metadata
          repeats: ({ code }) => {
            if (code === UNKNOWN_TOPIC) this.connection.refreshMetadata().catch(() => {})
          },
        })
      } catch (error) {
        // a transaction that is over needs none
        if (number !== this.number) continue
        this.asked.clear()
        return this.listener.failed(toClientError(error, this.doing('adding partitions')))
      }
      for (const buffer of buffers) buffer.transaction = number
      this.listener.partitionsAdded()
    }
  }

  private closeTransaction(): void {
    this.open = this.known = this.committing = false
    this.number++
    this.asked.clear()
    this.groups.clear()
  }

  private coordinatorOf(groupId: string): Coordinator {
    let coordinator = this.groupCoordinators.get(groupId)
    if (coordinator === undefined) {
      coordinator = new Coordinator(this.connection, 'group', groupId, this.deadlineMs)
      this.groupCoordinators.set(groupId, coordinator)
    }
    return coordinator
  }

  private doing(what: string): string {
    return `transaction of '${this.transactionalId}', ${what}`
  }
}
