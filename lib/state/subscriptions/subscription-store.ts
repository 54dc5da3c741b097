import type { OpenSerde } from '../../serdes/open-serde'
import { readRecord } from '../changelog/unreadable-record'
import { Scratch } from '../../bytes/scratch'
import { storeUnavailable } from '../key-value/unavailable-entries'
import type { ChangelogRecord, ManagedStore, StateStore, StateStoreContext, StoreBuilder } from '../store'
import { combinedKey, splitCombinedKey } from './combined-key'
import { SubscriptionBuckets, type StoredSubscription } from './subscription-buckets'

/** Which rows of the left table of a foreign-key join named which row of the right one. In bytes. */
export interface SubscriptionStore extends StateStore {
  /** `null` deletes. */
  put(foreignKey: Buffer, primaryKey: Buffer, subscription: Buffer | null, timestamp: number): void
  /** All subscriptions to a foreign key, in the order of the primary keys. */
  subscriptions(foreignKey: Buffer): Iterable<Buffer>
}

/**
 * Named by the foreign-key join that owns it. Its changelog has one record a subscription, as in Kafka Streams. `serde` is
 * what its users read and write it with.
 */
export const subscriptionStore = (
  name: string,
  persistent: boolean,
  serde: OpenSerde<unknown>,
): StoreBuilder<SubscriptionStore> => ({
  name,
  persistent,
  cachingEnabled: false,
  loggingEnabled: true,
  changelogConfig: {},
  changelogPolicy: { cleanup: 'compact' },
  build: (changelogTopic) => new LoggedSubscriptionStore(name, persistent, changelogTopic, serde),
})

interface Opened {
  readonly buckets: SubscriptionBuckets
  readonly context: StateStoreContext
}

export class LoggedSubscriptionStore implements SubscriptionStore, ManagedStore {
  readonly #keys = new Scratch()
  #opened: Opened | 'not open yet' | 'closed' = 'not open yet'

  constructor(
    readonly name: string,
    readonly persistent: boolean,
    readonly changelogTopic: string | null,
    /** What its users read and write it with. */
    readonly serde: OpenSerde<unknown>,
  ) {}

  init(context: StateStoreContext): void {
    context.prepare(this.serde.completed(context), this.changelogTopic ?? this.name)
    this.#opened = { buckets: new SubscriptionBuckets(context.openBytes(this.name, this.persistent)), context }
  }

  restore({ key, value, timestamp }: ChangelogRecord): void {
    const { foreignKey, primaryKey } = readRecord(this.name, this.changelogTopic, () => splitCombinedKey(key))
    this.#open().buckets.put(foreignKey, primaryKey, value, timestamp)
  }

  async *changelogRecords(): AsyncGenerator<ChangelogRecord> {
    for await (const [key, { value, timestamp }] of this.all()) yield { key, value, timestamp }
  }

  put(foreignKey: Buffer, primaryKey: Buffer, subscription: Buffer | null, timestamp: number): void {
    const { buckets, context } = this.#open()
    buckets.put(foreignKey, primaryKey, subscription, timestamp)
    if (this.changelogTopic === null) return
    const time = subscription === null ? context.recordContext.timestamp : timestamp
    context.logChange(this.changelogTopic, combinedKey(foreignKey, primaryKey, this.#keys), subscription, time)
  }

  *subscriptions(foreignKey: Buffer): Generator<Buffer> {
    for (const { value } of this.#open().buckets.all(foreignKey)) yield value
  }

  /** Everything in it, by `combinedKey`. */
  async *all(): AsyncGenerator<[key: Buffer, subscription: StoredSubscription]> {
    for await (const [foreignKey, subscription] of this.#open().buckets.scan()) {
      yield [Buffer.from(combinedKey(foreignKey, subscription.primaryKey, this.#keys)), subscription]
    }
  }

  flushCache(): boolean {
    return true
  }

  close(): void {
    this.#opened = 'closed'
  }

  #open(): Opened {
    if (typeof this.#opened === 'string') throw storeUnavailable(this.name, this.#opened)
    return this.#opened
  }
}
