/** One write of a store, as its bytes. */
export interface ChangedEntry {
  readonly key: Buffer
  /** Of windows and sessions, as their store has it. */
  readonly time: number
  /** Of sessions, their start. */
  readonly second: number
  /** Without its timestamp; `null`: the key was deleted. */
  readonly value: Buffer | null
  readonly timestamp: number
}

/** Why changes of a partition are missing. */
export type GapReason = 'started' | 'overflow' | 'stopped'

/** Whoever is told of the committed changes of a store. */
export interface ChangeListener {
  changed(partition: number, entries: readonly ChangedEntry[]): void
  gap(partition: number, reason: GapReason): void
}

/** Bytes of the uncommitted changes that a store of a task keeps for listeners. */
const MAX_UNCOMMITTED_BYTES = 16 * 1024 * 1024
/** Of an entry, besides its bytes. */
const ENTRY_BYTES = 96

export const bytesOfEntry = ({ key, value }: ChangedEntry): number =>
  ENTRY_BYTES + key.length + (value === null ? 0 : value.length)

/** The stores of an instance that somebody listens to. */
export class ChangeFeeds {
  readonly #feeds = new Map<string, StoreFeed>()

  of(store: string): StoreFeed {
    let feed = this.#feeds.get(store)
    if (feed === undefined) this.#feeds.set(store, (feed = new StoreFeed()))
    return feed
  }
}

/** One store of an instance: who listens, and the partitions that are here. */
export class StoreFeed implements ChangeListener {
  readonly #listeners = new Set<ChangeListener>()
  readonly #logs = new Set<ChangeLog>()

  get isListenedTo(): boolean {
    return this.#listeners.size > 0
  }

  /** Returns what ends it. */
  listen(listener: ChangeListener): () => void {
    this.#listeners.add(listener)
    if (this.#listeners.size === 1) for (const log of this.#logs) log.begin('started')
    return () => {
      if (this.#listeners.delete(listener) && !this.isListenedTo) for (const log of this.#logs) log.end()
    }
  }

  add(log: ChangeLog): void {
    this.#logs.add(log)
    if (this.isListenedTo) log.begin()
  }

  remove(log: ChangeLog): void {
    this.#logs.delete(log)
    log.end()
  }

  changed(partition: number, entries: readonly ChangedEntry[]): void {
    for (const listener of this.#listeners) listener.changed(partition, entries)
  }

  gap(partition: number, reason: GapReason): void {
    for (const listener of this.#listeners) listener.gap(partition, reason)
  }
}

/** Changes between two commits. */
interface Generation {
  entries: ChangedEntry[]
  bytes: number
  /** Why entries are missing, if some are. */
  gap: GapReason | undefined
}

const generation = (gap?: GapReason): Generation => ({ entries: [], bytes: 0, gap })

/** The uncommitted changes of one store of one task. Nothing is kept unless somebody listens. */
export class ChangeLog {
  /** Whether writes are to be added: asked for each of them. */
  active = false
  /** Rises with each beginning. */
  #listening = 0
  #current = generation()
  #sealed = generation()

  constructor(
    readonly feed: StoreFeed,
    readonly partition: number,
  ) {}

  /** Somebody listens from now on. With `gap`, there may be earlier writes that are not committed yet, and not known. */
  begin(gap?: GapReason): void {
    this.active = true
    this.#listening++
    this.#current = generation(gap)
    this.#sealed = generation(gap)
  }

  end(): void {
    this.active = false
    this.#current = generation()
    this.#sealed = generation()
  }

  /** Copies the bytes. */
  add(key: Buffer, time: number, second: number, value: Buffer | null, timestamp: number): void {
    const current = this.#current
    if (current.gap === 'overflow') return
    const entry = { key: Buffer.from(key), time, second, value: value === null ? null : Buffer.from(value), timestamp }
    current.bytes += bytesOfEntry(entry)
    current.entries.push(entry)
    if (current.bytes > MAX_UNCOMMITTED_BYTES) this.#current = generation('overflow')
  }

  /** What was added so far belongs to the next commit. */
  seal(): void {
    const { entries, bytes, gap } = this.#current
    const sealed = this.#sealed
    this.#current = generation()
    sealed.bytes += bytes
    sealed.gap ??= gap
    if (sealed.gap === 'overflow' || sealed.bytes > MAX_UNCOMMITTED_BYTES) this.#sealed = generation('overflow')
    else for (const entry of entries) sealed.entries.push(entry)
  }

  /** What was sealed; the returned function tells the listeners, once it is committed. */
  take(): () => void {
    const { entries, gap } = this.#sealed
    const { active } = this
    const listening = this.#listening
    this.#sealed = generation()
    return () => {
      if (!this.active) return
      // somebody listens who did not when this was written
      if (!active || listening !== this.#listening) return this.feed.gap(this.partition, 'started')
      if (gap !== undefined) this.feed.gap(this.partition, gap)
      if (entries.length > 0) this.feed.changed(this.partition, entries)
    }
  }
}

/** The uncommitted changes of the stores of one task. */
export class TaskChanges {
  readonly #logs: ReadonlyMap<string, ChangeLog>
  #started = false

  constructor(feeds: ChangeFeeds, partition: number, stores: readonly string[]) {
    this.#logs = new Map(stores.map((name) => [name, new ChangeLog(feeds.of(name), partition)]))
  }

  log(store: string): ChangeLog | undefined {
    return this.#logs.get(store)
  }

  /** The stores are restored: changes from now on are told. */
  start(): void {
    this.#started = true
    for (const log of this.#logs.values()) {
      log.feed.add(log)
      log.feed.gap(log.partition, 'started')
    }
  }

  seal(): void {
    for (const log of this.#logs.values()) if (log.active) log.seal()
  }

  take(): () => void {
    const publish = [...this.#logs.values()].map((log) => log.take())
    return () => {
      for (const each of publish) each()
    }
  }

  /** The task leaves: what is not committed is not told. */
  stop(): void {
    if (!this.#started) return
    this.#started = false
    for (const log of this.#logs.values()) {
      log.feed.remove(log)
      log.feed.gap(log.partition, 'stopped')
    }
  }
}
