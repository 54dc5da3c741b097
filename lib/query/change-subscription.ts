import { ANYTHING, COUNT, options as optionsOf, requireArgument, SIGNAL } from '../arguments'
import { StreamsError } from '../errors'
import { NO_HEADERS } from '../record/headers'
import { prepared } from '../serdes/missing-dependency'
import {
  bytesOfEntry,
  type ChangedEntry,
  type ChangeListener,
  type GapReason,
  type StoreFeed,
} from '../state/changes/change-feeds'
import { TimedStore } from '../state/timed/timed-store'
import type { ChangeGap, StoreEvent, StoreSubscription, SubscriptionOptions } from './change-types'
import type { CatalogStore } from './store-catalog'
import { keyBytes } from './store-locations'

const DEFAULT_BUFFERED_BYTES = 4 * 1024 * 1024
/** What was read is removed from the queue when it is empty, or after this many. */
const MOST_READ = 4096

/** What a key can be, the store says. */
const SUBSCRIPTION_OPTIONS = optionsOf<SubscriptionOptions>({
  key: ANYTHING,
  from: ANYTHING,
  to: ANYTHING,
  maxBufferedBytes: COUNT,
  signal: SIGNAL,
})

interface QueuedChange {
  readonly type: 'bytes'
  readonly partition: number
  readonly entry: ChangedEntry
}

type Queued = ChangeGap | QueuedChange

/** Changes of one store that wait for their reader, as bytes: so many, and then they are dropped for a gap. */
export class ChangeSubscription implements StoreSubscription<unknown, unknown>, ChangeListener {
  #queue: Queued[] = []
  #next = 0
  #bytes = 0
  #waiting: (() => void)[] = []
  #closed = false
  readonly #end: () => void
  readonly #onAbort = (): void => this.close()

  private constructor(
    private readonly store: CatalogStore,
    feed: StoreFeed,
    private readonly bounds: Bounds,
    private readonly maxBytes: number,
    private readonly signals: readonly AbortSignal[],
  ) {
    this.#end = feed.listen(this)
    for (const signal of signals) signal.addEventListener('abort', this.#onAbort, { once: true })
    if (signals.some(({ aborted }) => aborted)) this.close()
  }

  /** `ending` aborts when the instance closes. */
  static async open(
    store: CatalogStore,
    feed: StoreFeed,
    options: SubscriptionOptions,
    ending: AbortSignal,
  ): Promise<ChangeSubscription> {
    requireArgument(options, SUBSCRIPTION_OPTIONS, 'subscribe()', 'options')
    const { maxBufferedBytes = DEFAULT_BUFFERED_BYTES, signal } = options
    requireChanges(store)
    const bounds = await prepared(() => boundsOf(store, options))
    return new ChangeSubscription(
      store,
      feed,
      bounds,
      maxBufferedBytes,
      signal === undefined ? [ending] : [ending, signal],
    )
  }

  changed(partition: number, entries: readonly ChangedEntry[]): void {
    for (const entry of entries) {
      if (!isWithin(entry.key, this.bounds)) continue
      const bytes = bytesOfEntry(entry)
      if (this.#bytes + bytes > this.maxBytes) this.#overflow(partition)
      if (bytes > this.maxBytes) continue
      this.#bytes += bytes
      this.#queue.push({ type: 'bytes', partition, entry })
    }
    this.#wake()
  }

  gap(partition: number, reason: GapReason): void {
    // an unread gap of the same partition, without changes behind it, says no more than this one
    for (let i = this.#queue.length - 1; i >= this.#next && this.#queue[i]!.type === 'gap'; i--) {
      if (this.#queue[i]!.partition !== partition) continue
      this.#queue.splice(i, 1)
      break
    }
    this.#queue.push({ type: 'gap', partition, reason })
    this.#wake()
  }

  async next(): Promise<IteratorResult<StoreEvent<unknown, unknown>, undefined>> {
    for (;;) {
      const queued = this.#take()
      if (queued?.type === 'gap') return { done: false, value: queued }
      if (queued !== undefined) return { done: false, value: await this.#read(queued) }
      if (this.#closed) return { done: true, value: undefined }
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  async return(): Promise<IteratorResult<StoreEvent<unknown, unknown>, undefined>> {
    this.close()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#end()
    for (const signal of this.signals) signal.removeEventListener('abort', this.#onAbort)
    this.#queue = []
    this.#next = 0
    this.#wake()
  }

  #take(): Queued | undefined {
    const queued = this.#queue[this.#next]
    if (queued === undefined) return undefined
    if (queued.type === 'bytes') this.#bytes -= bytesOfEntry(queued.entry)
    // a reader that never catches up must not keep what it has read in memory
    if (++this.#next === this.#queue.length || this.#next === MOST_READ) {
      this.#queue = this.#queue.slice(this.#next)
      this.#next = 0
    }
    return queued
  }

  /** Drops what was not read, of all partitions: none of it would be in order. */
  #overflow(partition: number): void {
    const reasons = new Map<number, GapReason>()
    // that a partition is no longer here must still be told
    for (const queued of this.#queue.slice(this.#next)) {
      const isStopped = queued.type === 'gap' && queued.reason === 'stopped'
      reasons.set(queued.partition, isStopped ? 'stopped' : 'overflow')
    }
    reasons.set(partition, 'overflow')
    this.#queue = [...reasons].map(([each, reason]) => ({ type: 'gap', partition: each, reason }))
    this.#next = 0
    this.#bytes = 0
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }

  async #read({ partition, entry }: QueuedChange): Promise<StoreEvent<unknown, unknown>> {
    const { name, topic, keySerde, valueSerde, sample } = this.store
    const { key, time, second, value, timestamp } = entry
    try {
      return await prepared(() => ({
        type: 'change',
        partition,
        key: keySerde.deserialize(topic, key, NO_HEADERS),
        ...(sample instanceof TimedStore ? { window: sample.windowOf(time, second) } : {}),
        value: value === null ? null : valueSerde.deserialize(topic, value, NO_HEADERS),
        timestamp,
      }))
    } catch (error) {
      this.close()
      throw new StreamsError(
        'DESERIALIZATION_FAILED',
        `a change of store "${name}" can't be read: ${(error as Error).message}. Check the serdes of the store`,
        { store: name, partition },
        { cause: error },
      )
    }
  }
}

/** Of the bytes of keys, both inclusive. */
interface Bounds {
  readonly from: Buffer | undefined
  readonly to: Buffer | undefined
}

const boundsOf = (store: CatalogStore, { key, from, to }: SubscriptionOptions): Bounds => {
  const bytes = (bound: unknown): Buffer | undefined =>
    bound === undefined ? undefined : keyBytes(store, store.keySerde, bound)
  if (key === undefined) return { from: bytes(from), to: bytes(to) }
  if (from !== undefined || to !== undefined) throw invalid(store, 'key excludes from and to')
  return { from: bytes(key), to: bytes(key) }
}

const isWithin = (key: Buffer, { from, to }: Bounds): boolean =>
  (from === undefined || Buffer.compare(key, from) >= 0) && (to === undefined || Buffer.compare(key, to) <= 0)

const requireChanges = (store: CatalogStore): void => {
  if (store.subTopology === undefined) {
    throw invalid(store, 'a global store has no changes of its own: read its topic, which has them')
  }
  if (store.kind === undefined) throw invalid(store, 'it is internal or of your own making, and tells no changes')
}

const invalid = ({ name }: CatalogStore, problem: string): StreamsError =>
  new StreamsError('INVALID_ARGUMENT', `subscribe to store "${name}": ${problem}`, { store: name })
