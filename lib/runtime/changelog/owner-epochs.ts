import type { RecordCursor } from '../../kafka/port'
import { NO_HEADERS, type RecordHeaders } from '../../record/headers'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import { type ByteString, byteString } from '../../bytes/byte-string'

/** The header of changelog records that names the epoch of their owner. Java ignores it. */
export const EPOCH_HEADER = 'mr-epoch'

/** The header of records that refill a changelog, but for the last one: a log that ends with it is incomplete. Java ignores it. */
export const REFILL_HEADER = 'mr-refill'

/** An offset that no changelog has: local state that claims to contain it is refilled again after a crash in between. */
export const REFILLING = Number.MAX_SAFE_INTEGER - 1

const EPOCH_BYTES = 4
const FENCING_BYTES = EPOCH_BYTES + 8
/** No producer has this id. */
const NONE = -1

const HOUR_MS = 3_600_000
const EPOCHS_PER_HOUR = 1000
const MAX_EPOCH = 0xffff_ffff

/** What is kept about a changelog, by name. */
type Numbers = readonly (readonly [string, number])[]

/** Writes of an earlier owner that lie behind those of a later one. */
export interface StaleWrites {
  readonly records: number
  readonly firstOffset: number
  readonly lastOffset: number
  /** Keys whose last write is such a one: after compaction the log would have nothing else of them. */
  readonly keys: ReadonlySet<ByteString>
}

/**
 * Who may write a changelog partition, as its log tells: under at-least-once no broker fences an owner that is stalled with
 * writes in its sockets, and they can arrive behind those of the next owner.
 *
 * Every owner but the first writes with an epoch above the highest in the log; a lower epoch behind a higher one is stale. A log
 * forgets epochs, by compaction, by retention, and where it is created again, and the local state of an earlier owner does not: so an
 * epoch is also no lower than that of the hour in which it is claimed. Clocks decide nothing between owners that the log knows.
 * The first one (epoch 0) writes as Java does, without a header, so its producer's id identifies it: the next owner's header
 * names the last producer that wrote without one. Any other record without a header is valid, since Java or a transaction may
 * have written it. An epoch is kept only where nobody can have claimed a higher one that is still on its way, which would make
 * later writes under the old one look stale: at a restart in place as the first owner, with a new producer.
 */
export class OwnerEpoch {
  /** Owners that took over, without their writes having arrived, may have had the same. */
  #epoch: number
  /** The producer whose writes without a header are stale, in this epoch. */
  #fenced: number
  /** The last one that wrote without a header, and not as this task. */
  #last: number
  #isBeingRefilled: boolean
  #isKept: boolean
  #headers: RecordHeaders = NO_HEADERS
  #records = 0
  #firstOffset = NONE
  #lastOffset = NONE
  /** What goes with the position of the first stale write: later owners' numbers would make what is replayed again look stale. */
  #beforeFirst: Numbers = []
  readonly #keys = new Set<ByteString>()

  /** As `numbers` gave it. */
  constructor(key: string, kept: ReadonlyMap<string, number>) {
    this.#isKept = kept.has(`${key}#epoch`)
    this.#epoch = kept.get(`${key}#epoch`) ?? 0
    this.#fenced = kept.get(`${key}#fenced`) ?? NONE
    this.#last = kept.get(`${key}#last`) ?? NONE
    this.#isBeingRefilled = kept.get(`${key}#refilling`) === 1
  }

  /** Nobody has written but as the first owner, and that was this task. */
  get isFirst(): boolean {
    return this.#epoch === 0 && this.#last === NONE
  }

  /** What was replayed ends in the middle of a refill: the instance that began it is still at it, or was killed. */
  get isBeingRefilled(): boolean {
    return this.#isBeingRefilled
  }

  /** What this task's writes carry. */
  get headers(): RecordHeaders {
    return this.#headers
  }

  /** From now on this task is the owner: earlier ones may still write. */
  claim(now = Date.now()): void {
    const ofHour = Math.floor(now / HOUR_MS) * EPOCHS_PER_HOUR
    this.#epoch = Math.min(Math.max(this.#epoch + 1, ofHour), MAX_EPOCH)
    this.#fenced = this.#last
    const value = Buffer.alloc(this.#fenced === NONE ? EPOCH_BYTES : FENCING_BYTES)
    value.writeUInt32BE(this.#epoch)
    if (this.#fenced !== NONE) value.writeBigInt64BE(BigInt(this.#fenced), EPOCH_BYTES)
    this.#headers = Object.freeze([[EPOCH_HEADER, value] as const])
  }

  /** Whether a record, in the order of the log, is to be applied; false if it is stale. */
  accepts(record: Pick<RecordCursor, 'headers' | 'producerId' | 'offset'>, key: Buffer): boolean {
    const headers = record.headers()
    if (headers.length === 0 ? this.#acceptsProducer(record.producerId) : this.#acceptsHeaders(headers, record)) {
      this.#isBeingRefilled = headers.length > 0 && headers.some(([name]) => name === REFILL_HEADER)
      if (this.#keys.size > 0) this.#keys.delete(byteString(key))
      return true
    }
    if (this.#records++ === 0) {
      this.#firstOffset = record.offset
      this.#beforeFirst = this.#numbers()
    }
    this.#lastOffset = record.offset
    this.#keys.add(byteString(key))
    return false
  }

  /** Since the last call of `repaired`; undefined if there are none. */
  get stale(): StaleWrites | undefined {
    if (this.#records === 0) return undefined
    return {
      records: this.#records,
      firstOffset: this.#firstOffset,
      lastOffset: this.#lastOffset,
      keys: this.#keys,
    }
  }

  /** The right values of the stale keys have been logged again. */
  repaired(): void {
    this.#records = 0
    this.#keys.clear()
  }

  /** This task has written all of its state to the log, in this epoch. If that was nothing, nothing in the log tells of the epoch. */
  refilled(records: number): void {
    this.#isKept = true
    this.#isBeingRefilled = false
    if (records > 0) return
    this.#epoch = 0
    this.#fenced = NONE
    this.#last = NONE
  }

  /**
   * How far the log counts as replayed, of what was: up to the first stale write that is not repaired, so that whoever replays the
   * rest after a crash finds it again.
   */
  replayed(next: number): number {
    return this.#keys.size === 0 ? next : Math.min(next, this.#firstOffset)
  }

  /** To be committed with the position in the log. */
  numbers(key: string): Numbers {
    this.#isKept ||= !this.isFirst
    if (!this.#isKept) return []
    const numbers = this.#keys.size === 0 ? this.#numbers() : this.#beforeFirst
    return numbers.map(([name, number]) => [`${key}#${name}`, number])
  }

  #numbers(): Numbers {
    return [
      ['epoch', this.#epoch],
      ['fenced', this.#fenced],
      ['last', this.#last],
      ['refilling', this.#isBeingRefilled ? 1 : 0],
    ]
  }

  #acceptsProducer(id: number): boolean {
    if (id === NONE) return true
    if (id === this.#fenced) return false
    this.#last = id
    return true
  }

  #acceptsHeaders(headers: RecordHeaders, { producerId }: Pick<RecordCursor, 'producerId'>): boolean {
    const value = headers.find(([name]) => name === EPOCH_HEADER)?.[1]
    if (value == null || value.length < EPOCH_BYTES) return this.#acceptsProducer(producerId)
    const epoch = value.readUInt32BE()
    if (epoch <= this.#epoch) return epoch === this.#epoch
    this.#epoch = epoch
    this.#fenced = value.length < FENCING_BYTES ? NONE : Number(value.readBigInt64BE(EPOCH_BYTES))
    this.#last = this.#fenced
    return true
  }
}

/** The owner epochs of a task's changelogs. Logs that its stores only read have none. */
export class OwnerEpochs {
  readonly #byKey = new Map<string, OwnerEpoch>()
  /** By topic; empty while this task writes as the first owner. */
  readonly #headers = new Map<string, RecordHeaders>()

  /** `kept` is what was committed with the positions. */
  constructor(
    private readonly changelogs: readonly TopicPartition[],
    kept: ReadonlyMap<string, number>,
  ) {
    for (const { topic, partition } of changelogs) {
      const key = tpKey(topic, partition)
      this.#byKey.set(key, new OwnerEpoch(key, kept))
    }
  }

  of({ topic, partition }: TopicPartition): OwnerEpoch | undefined {
    return this.#byKey.get(tpKey(topic, partition))
  }

  /** See `OwnerEpoch`; all of the task's changelogs have changed owners together. */
  claim(now = Date.now()): void {
    for (const { topic, partition } of this.changelogs) {
      const epoch = this.#byKey.get(tpKey(topic, partition))!
      epoch.claim(now)
      this.#headers.set(topic, epoch.headers)
    }
  }

  /** The headers of a record that this task writes, given a store's own. */
  headersFor(topic: string, headers: RecordHeaders): RecordHeaders {
    if (this.#headers.size === 0) return headers
    const own = this.#headers.get(topic) ?? NO_HEADERS
    return headers.length === 0 ? own : [...headers, ...own]
  }

  /** Adds what is to be committed with these positions. */
  addTo(numbers: Map<string, number>): Map<string, number> {
    for (const [key, epoch] of this.#byKey) {
      if (numbers.has(key)) for (const [name, number] of epoch.numbers(key)) numbers.set(name, number)
    }
    return numbers
  }
}
