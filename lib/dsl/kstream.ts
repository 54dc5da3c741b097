import { instanceOf } from '../arguments'
import { argumentError, requireArgument, requireFunction } from '../topology-arguments'
import type { ResultKind } from '../operators/async/async-results'
import type {
  AsyncBatchAction,
  AsyncBatchMapper,
  AsyncValueMapper,
  ForeachAction,
  KeyValueMapper,
  Predicate,
  TypeGuard,
  ValueJoiner,
  ValueMapper,
  Without,
} from '../operators/callbacks'
import type { JoinKind } from '../operators/joined-rows'
import type { ProcessorSupplier } from '../operators/processor'
import type { StreamPartitioner } from '../topology/definition'
import { TopologyError } from '../errors'
import { requireNewInstances } from '../topology/new-instances'
import { partitionerRequiringValue, processorRequiringValue, requiringValue } from '../topology/tombstones'
import { TOPIC_OR_SELECTOR, topicNameExtractor, type TopicSelector } from '../topology/topology'
import { windowedPartitioner } from '../topology/windowed-partitioner'
import type { Serde } from '../serdes/serde'
import { WindowedSerde } from '../serdes/windowed'
import type { BatchAction } from '../operators/batch/batch'
import { asyncOperator } from './async-operator'
import { BranchedKStream } from './branched-kstream'
import { forEachBatch } from './for-each-batch'
import { GlobalKTable } from './global-ktable'
import type { NodeId } from '../topology/graph/node'
import type { NewNode } from '../topology/graph/nodes'
import { streamGlobalJoin } from './joins/stream-global-join'
import { streamStreamJoin } from './joins/stream-stream-join'
import { streamTableJoin } from './joins/stream-table-join'
import { KGroupedStream } from './kgrouped-stream'
import { KTable } from './ktable'
import {
  ASYNC,
  ASYNC_MAPPED,
  ASYNC_MAPPED_VALUE,
  type AsyncBatching,
  type AsyncMapped,
  type AsyncMappedValue,
  type AsyncOptions,
  type OneByOne,
} from './options/async-options'
import { BATCHED, type Batched } from './options/batched'
import { DEDUPLICATED, type Deduplicated } from './options/deduplicated'
import { GROUPED, type Grouped, groupedSerdes } from './options/grouped'
import { JOINED, type Joined } from './options/joined'
import type { LateJoinedRecords, LateRecords } from './options/late-records'
import {
  MAPPED,
  MAPPED_KEY,
  MAPPED_VALUE,
  type Mapped,
  type MappedKey,
  mappedSerdes,
  type MappedValue,
} from './options/mapped'
import {
  EXPIRING_MATERIALIZED,
  type ExpiringMaterializedAs,
  expiryOf,
  materializedStore,
  resolveMaterialized,
} from './options/materialized'
import { NAMED, type Named, operatorName, withName } from './options/named'
import { PROCESSED, type Processed, processOptions } from './options/processed'
import { PRODUCED, type Produced } from './options/produced'
import { REPARTITIONED, type Repartitioned } from './options/repartitioned'
import { type Sampled, SAMPLED } from './options/sampled'
import { STREAM_JOINED, type StreamJoined } from './options/stream-joined'
import { THROTTLED, type Throttled } from './options/throttled'
import {
  append,
  type NewReference,
  type GraphReference,
  lostBehind,
  requireSameBuilder,
  withoutNullKeys,
  withoutNulls,
} from './graph-reference'
import { repartitionNode } from './repartition'
import { deduplicate } from './selection/deduplicate'
import { sample } from './selection/sample'
import type { Selected } from './selection/selected'
import { throttle } from './selection/throttle'
import { JOIN_WINDOWS, type JoinWindows } from './windows/join-windows'

/** How two streams are joined, and what becomes of their late records. */
export interface StreamStreamJoined<K, V, VO>
  extends StreamJoined<K, V, VO>, LateJoinedRecords<KStream<K, V>, KStream<K, VO>> {}

/**
 * A stream of records: each one is an independent fact. Every method returns a new stream and leaves this one unchanged, so
 * a stream can be used several times.
 *
 * `V` says whether values can be `null`: they can in a table's stream, which has a `null` for each delete, and in
 * a topic that is read with `nullable: true`. Otherwise no callback gets `null`: a tombstone that reaches one fails
 * (`UNEXPECTED_TOMBSTONE`). Sinks and tables take tombstones from any stream; joins and aggregations drop them.
 *
 * Callbacks get the value first, then the key, then `meta`: timestamp, headers, topic, partition and offset.
 */
export class KStream<K, V> {
  /** @internal */
  readonly joinRepartition: { node?: NodeId } = {}

  /** @internal */
  constructor(
    /** @internal */
    readonly position: GraphReference<K, V>,
  ) {}

  /**
   * Keeps the records that match the predicate. A type guard narrows the type of the values.
   *
   * @example
   * orders.filter((order) => order.amount > 100)
   * orders.mapValues((order) => order.coupon ?? null).filter((coupon) => coupon !== null) // KStream<string, string>
   */
  filter<S extends V>(guard: TypeGuard<K, V, S>, named?: Named): KStream<K, S>
  filter(predicate: Predicate<K, V>, named?: Named): KStream<K, V>
  filter(predicate: Predicate<K, V>, named?: Named): KStream<K, V> {
    return this.filtered(predicate, false, named)
  }

  /**
   * Drops the records that match the predicate.
   *
   * @example
   * orders.filterNot((order) => order.cancelled)
   */
  filterNot<S extends V>(guard: TypeGuard<K, V, S>, named?: Named): KStream<K, Without<V, S>>
  filterNot(predicate: Predicate<K, V>, named?: Named): KStream<K, V>
  filterNot(predicate: Predicate<K, V>, named?: Named): unknown {
    return this.filtered(predicate, true, named)
  }

  /**
   * Maps each record to a new key and value. A grouping or join by key downstream repartitions first: prefer
   * `mapValues` if the key stays the same.
   *
   * @example
   * orders.map((order) => [order.customerId, order.amount])
   * orders.map((order) => [order.customerId, order.amount], { key: serdes.string(), value: serdes.double() })
   */
  map<KR, VR>(mapper: KeyValueMapper<K, V, KR, VR>, mapped?: string | Mapped<KR, VR>): KStream<KR, VR> {
    requireFunction(mapper, 'map', 'a mapper')
    requireArgument(mapped, MAPPED, 'map', 'mapped')
    const name = this.nameOf('KSTREAM-MAP-', mapped)
    const behind = { name, ...mappedSerdes(mapped), repartitionRequired: true }
    return this.followedBy({ kind: 'map', name, mapper: requiringValue(this.position, mapper) }, behind)
  }

  /**
   * Maps each record's value to a new one, and keeps its key. The serde of the new values is unknown downstream,
   * unless one is given here. A promise fails the record (`PROCESSING_FAILED`): `mapValuesAsync` awaits it.
   *
   * @example
   * orders.mapValues((order) => order.amount * 1.2)
   * lines.mapValues((line) => line.toUpperCase(), { value: serdes.string() }).to('shouted')
   */
  mapValues<VR>(mapper: ValueMapper<K, V, VR>, mapped?: string | MappedValue<VR>): KStream<K, VR> {
    requireFunction(mapper, 'mapValues', 'a mapper')
    requireArgument(mapped, MAPPED_VALUE, 'mapValues', 'mapped')
    const name = this.nameOf('KSTREAM-MAPVALUES-', mapped)
    const behind = { ...this.sameKey<VR>(name), valueSerde: mappedSerdes(mapped).valueSerde }
    return this.followedBy({ kind: 'map-values', name, mapper: requiringValue(this.position, mapper) }, behind)
  }

  /**
   * Maps each record to any number of records.
   *
   * @example
   * transfers.flatMap((transfer) => [[transfer.from, -transfer.amount], [transfer.to, transfer.amount]])
   */
  flatMap<KR, VR>(
    mapper: ValueMapper<K, V, Iterable<readonly [KR, VR]>>,
    mapped?: string | Mapped<KR, VR>,
  ): KStream<KR, VR> {
    requireFunction(mapper, 'flatMap', 'a mapper')
    requireArgument(mapped, MAPPED, 'flatMap', 'mapped')
    const name = this.nameOf('KSTREAM-FLATMAP-', mapped)
    const behind = { name, ...mappedSerdes(mapped), repartitionRequired: true }
    return this.followedBy({ kind: 'flat-map', name, mapper: requiringValue(this.position, mapper) }, behind)
  }

  /**
   * Maps each value to any number of values, all with its key.
   *
   * @example
   * lines.flatMapValues((line) => line.toLowerCase().split(/\W+/))
   */
  flatMapValues<VR>(mapper: ValueMapper<K, V, Iterable<VR>>, mapped?: string | MappedValue<VR>): KStream<K, VR> {
    requireFunction(mapper, 'flatMapValues', 'a mapper')
    requireArgument(mapped, MAPPED_VALUE, 'flatMapValues', 'mapped')
    const name = this.nameOf('KSTREAM-FLATMAPVALUES-', mapped)
    const behind = { ...this.sameKey<VR>(name), valueSerde: mappedSerdes(mapped).valueSerde }
    return this.followedBy({ kind: 'flat-map-values', name, mapper: requiringValue(this.position, mapper) }, behind)
  }

  /**
   * Gives each record a new key. Nothing moves yet: a grouping or join by key downstream repartitions first.
   *
   * @example
   * orders.selectKey((order) => order.customerId)
   */
  selectKey<KR>(selector: ValueMapper<K, V, KR>, mapped?: string | MappedKey<KR>): KStream<KR, V> {
    requireFunction(selector, 'selectKey', 'a selector')
    requireArgument(mapped, MAPPED_KEY, 'selectKey', 'mapped')
    const name = this.nameOf('KSTREAM-KEY-SELECT-', mapped)
    const { keySerde } = mappedSerdes(mapped)
    const behind = { ...this.same(name), keySerde, repartitionRequired: true }
    return this.followedBy({ kind: 'select-key', name, selector: requiringValue(this.position, selector) }, behind)
  }

  /**
   * Calls the action for each record, then forwards the record. A promise is awaited before that, and before any commit.
   *
   * @example
   * orders.peek((order, key) => logger.debug({ key, order }))
   */
  peek(action: ForeachAction<K, V>, named?: Named): KStream<K, V> {
    requireFunction(action, 'peek', 'an action')
    requireArgument(named, NAMED, 'peek', 'named')
    const name = this.nameOf('KSTREAM-PEEK-', named)
    return this.followedBy({ kind: 'peek', name, action: requiringValue(this.position, action) }, this.same(name))
  }

  /**
   * Ends the stream with an action. A promise is awaited before the next record, and before any commit: after a crash an
   * action may run again, but none is skipped.
   *
   * @example
   * alerts.foreach((alert) => pager.send(alert))
   */
  foreach(action: ForeachAction<K, V>, named?: Named): void {
    requireFunction(action, 'foreach', 'an action')
    requireArgument(named, NAMED, 'foreach', 'named')
    const name = this.nameOf('KSTREAM-FOREACH-', named)
    this.add({ kind: 'foreach', name, action: requiringValue(this.position, action) }, { name })
  }

  /**
   * As `mapValues`, with a callback that is awaited: up to `concurrency` calls at a time. Commits don't wait for calls: the records
   * that are held here are kept in the changelog `<application id>-<name>-pending-changelog`. A call may run again after a crash.
   *
   * @example
   * orders.mapValuesAsync(async (order, _key, { signal }) => ({ ...order, score: await riskOf(order, { signal }) }), {
   *   name: 'score',
   *   concurrency: 32,
   *   timeout: '2s',
   *   retry: { attempts: 5, backoff: '200ms' },
   * })
   *
   * @example
   * // with batch a call gets several records and returns as many results
   * orders.mapValuesAsync(async (records, { signal }) => scoresOf(records.map(({ value }) => value.id), { signal }), {
   *   name: 'score',
   *   batch: { size: 100, linger: '20ms' },
   * })
   */
  mapValuesAsync<VR>(
    mapper: AsyncBatchMapper<K, V, VR>,
    options: AsyncMappedValue<K, V, VR> & AsyncBatching,
  ): KStream<K, VR>
  mapValuesAsync<VR>(
    mapper: AsyncValueMapper<K, V, VR>,
    options?: string | OneByOne<AsyncMappedValue<K, V, VR>>,
  ): KStream<K, VR>
  mapValuesAsync<VR>(
    mapper: AsyncValueMapper<K, V, VR> | AsyncBatchMapper<K, V, VR>,
    options?: string | AsyncMappedValue<K, V, VR>,
  ): KStream<K, VR> {
    requireFunction(mapper, 'mapValuesAsync', 'a mapper')
    requireArgument(options, ASYNC_MAPPED_VALUE, 'mapValuesAsync', 'options')
    const { valueSerde } = mappedSerdes(options)
    return this.awaiting('value', mapper, options, (name) => ({ ...this.sameKey<VR>(name), valueSerde }))
  }

  /**
   * As `map`, with a callback that is awaited. A grouping or join by key downstream repartitions first: prefer `mapValuesAsync` if the
   * key stays the same.
   *
   * @example
   * hits.mapAsync(async (hit, _key, { signal }) => [await userOf(hit.cookie, { signal }), hit], 'find-user')
   */
  mapAsync<KR, VR>(
    mapper: AsyncBatchMapper<K, V, readonly [KR, VR]>,
    options: AsyncMapped<K, V, KR, VR> & AsyncBatching,
  ): KStream<KR, VR>
  mapAsync<KR, VR>(
    mapper: AsyncValueMapper<K, V, readonly [KR, VR]>,
    options?: string | OneByOne<AsyncMapped<K, V, KR, VR>>,
  ): KStream<KR, VR>
  mapAsync<KR, VR>(
    mapper: AsyncValueMapper<K, V, readonly [KR, VR]> | AsyncBatchMapper<K, V, readonly [KR, VR]>,
    options?: string | AsyncMapped<K, V, KR, VR>,
  ): KStream<KR, VR> {
    requireFunction(mapper, 'mapAsync', 'a mapper')
    requireArgument(options, ASYNC_MAPPED, 'mapAsync', 'options')
    const serdes = mappedSerdes(options)
    return this.awaiting('record', mapper, options, (name) => ({ name, ...serdes, repartitionRequired: true }))
  }

  /**
   * As `flatMapValues`, with a callback that is awaited.
   *
   * @example
   * pages.flatMapValuesAsync(async (page, _key, { signal }) => linksOf(await download(page.url, { signal })), 'links')
   */
  flatMapValuesAsync<VR>(
    mapper: AsyncBatchMapper<K, V, Iterable<VR>>,
    options: AsyncMappedValue<K, V, VR> & AsyncBatching,
  ): KStream<K, VR>
  flatMapValuesAsync<VR>(
    mapper: AsyncValueMapper<K, V, Iterable<VR>>,
    options?: string | OneByOne<AsyncMappedValue<K, V, VR>>,
  ): KStream<K, VR>
  flatMapValuesAsync<VR>(
    mapper: AsyncValueMapper<K, V, Iterable<VR>> | AsyncBatchMapper<K, V, Iterable<VR>>,
    options?: string | AsyncMappedValue<K, V, VR>,
  ): KStream<K, VR> {
    requireFunction(mapper, 'flatMapValuesAsync', 'a mapper')
    requireArgument(options, ASYNC_MAPPED_VALUE, 'flatMapValuesAsync', 'options')
    const { valueSerde } = mappedSerdes(options)
    return this.awaiting('values', mapper, options, (name) => ({ ...this.sameKey<VR>(name), valueSerde }))
  }

  /**
   * As `filter`, with a predicate that is awaited.
   *
   * @example
   * orders.filterAsync((order, _key, { signal }) => isInStock(order, { signal }), { name: 'in-stock', timeout: '1s' })
   */
  filterAsync(predicate: AsyncBatchMapper<K, V, boolean>, options: AsyncOptions<K, V> & AsyncBatching): KStream<K, V>
  filterAsync(
    predicate: AsyncValueMapper<K, V, boolean>,
    options?: string | OneByOne<AsyncOptions<K, V>>,
  ): KStream<K, V>
  filterAsync(
    predicate: AsyncValueMapper<K, V, boolean> | AsyncBatchMapper<K, V, boolean>,
    options?: string | AsyncOptions<K, V>,
  ): KStream<K, V> {
    requireFunction(predicate, 'filterAsync', 'a predicate')
    requireArgument(options, ASYNC, 'filterAsync', 'options')
    return this.awaiting('keep', predicate, options, (name) => this.same(name))
  }

  /**
   * As `foreach`, with an action that is awaited beside others, and that commits don't wait for.
   *
   * @example
   * alerts.foreachAsync((alert, _key, { signal }) => pager.send(alert, { signal }), {
   *   name: 'page',
   *   retry: { attempts: 10 },
   *   onError: { deadLetter: 'alerts-not-sent' },
   * })
   */
  foreachAsync(action: AsyncBatchAction<K, V>, options: AsyncOptions<K, V> & AsyncBatching): void
  foreachAsync(action: AsyncValueMapper<K, V, void>, options?: string | OneByOne<AsyncOptions<K, V>>): void
  foreachAsync(
    action: AsyncValueMapper<K, V, void> | AsyncBatchAction<K, V>,
    options?: string | AsyncOptions<K, V>,
  ): void {
    requireFunction(action, 'foreachAsync', 'an action')
    requireArgument(options, ASYNC, 'foreachAsync', 'options')
    this.awaiting('nothing', action, options, (name) => ({ name }))
  }

  /**
   * Calls the action with batches of records, one batch of a task after another, as bulk writes need it. Commits don't wait for it: the
   * records that are held here are kept in the changelog `<application id>-<name>-pending-changelog`, with the bounds of the batches, which
   * are committed before the action is called. So a batch that is repeated after a failure or on another instance has the same `id` and
   * the same records, and a target that remembers the ids it has written skips it. (Under `at_least_once`, records that the
   * application reads again after a crash come again, in further batches.)
   *
   * @example
   * orders.forEachBatch(
   *   async (records, { id, signal }) => {
   *     await database.insert({ batch: id, rows: records.map(({ value }) => value) }, { signal })
   *   },
   *   { name: 'to-database', size: 1000, interval: '500ms', retry: { attempts: 10 } },
   * )
   */
  forEachBatch(action: BatchAction<K, V>, options?: string | Batched<K, V>): void {
    requireFunction(action, 'forEachBatch', 'an action')
    requireArgument(options, BATCHED, 'forEachBatch', 'options')
    forEachBatch(this.position, action, options)
  }

  /**
   * The records of both streams, in no guaranteed order. Serdes are not carried along, since they may differ.
   *
   * @example
   * webOrders.merge(shopOrders).to('orders', { value: serdes.json() })
   */
  merge(other: KStream<K, V>, named?: Named): KStream<K, V> {
    const { context, node } = this.position
    requireArgument(other, instanceOf(KStream, 'another KStream'), 'merge', 'other')
    requireArgument(named, NAMED, 'merge', 'named')
    requireSameBuilder(this.position, other.position, 'merge')
    const name = this.nameOf('KSTREAM-MERGE-', named)
    const repartitionRequired = this.position.repartitionRequired || other.position.repartitionRequired
    const merged = context.graph.add([node, other.position.node], { kind: 'merge', name })
    const typedWithoutNull = other.position.typedWithoutNull && this.position.typedWithoutNull
    const lostFormat = lostBehind(this.position, name) ?? lostBehind(other.position, name)
    return new KStream<K, V>({ context, node: merged, name, repartitionRequired, typedWithoutNull, lostFormat })
  }

  /**
   * Sends each record to the first branch whose predicate matches, else to the default branch. The streams are found under the split's name
   * followed by the branch's; the name of a split without one is generated, such as `KSTREAM-BRANCH-0000000003`.
   *
   * @example
   * const orders = all
   *   .split({ name: 'orders-' })
   *   .branch((order) => order.amount > 1000, { name: 'large' })
   *   .defaultBranch({ name: 'small' })
   * orders['orders-large'].to('large-orders')
   */
  split<const Prefix extends string = `KSTREAM-BRANCH-${string}`>(
    named?: Prefix | { name?: Prefix },
  ): BranchedKStream<K, V, Prefix> {
    requireArgument(named, NAMED, 'split', 'named')
    return new BranchedKStream(this.position, operatorName(named))
  }

  /**
   * Drops records that repeat an earlier one: of the same key, and with the same id if one is given. Repartitions if the key may
   * have changed. Records without an id, or, where the key is the id, without a key, are all forwarded.
   *
   * Time is that of the records. A record repeats one that was forwarded if their timestamps are at most `within` apart, whichever is
   * the older one; repetitions themselves don't prolong it. What is more than `within` behind stream time is late.
   *
   * @example
   * orders.deduplicate({ by: (order) => order.id, within: '1h', store: 'seen-orders' })
   */
  deduplicate(options: Deduplicated<K, V> & LateRecords<KStream<K, V>>): KStream<K, V> {
    requireArgument(options, DEDUPLICATED, 'deduplicate', 'options')
    return this.selected(deduplicate(this.position, options, options.late !== undefined), options)
  }

  /**
   * Lets the first `limit` records of each key through in every window of `per`, and drops the others. Repartitions if the key may have
   * changed. Records without a key are dropped. Windows are counted until the one after them has ended, by the timestamps of the
   * records; a record of an older window is late.
   *
   * @example
   * alerts.throttle({ limit: 3, per: '1h', store: 'alerts-per-hour' }).to('notifications')
   */
  throttle(options: Throttled<K, V> & LateRecords<KStream<K, V>>): KStream<K, V> {
    requireArgument(options, THROTTLED, 'throttle', 'options')
    return this.selected(throttle(this.position, options, options.late !== undefined), options)
  }

  /**
   * Keeps a part of the records, always the same one: `{ every: n }` keeps the first record of each key and then one in n, from a
   * count in a store; `{ fraction }` keeps all records of a fraction of the keys, or of the ids that `by` returns, by their hash,
   * without a store. `every` repartitions if the key may have changed, and drops records without a key.
   *
   * @example
   * readings.sample({ every: 60, store: 'reading-counts' })
   * clicks.sample({ fraction: 0.01, by: (click) => click.page })
   */
  sample(options: Sampled<K, V>): KStream<K, V> {
    requireArgument(options, SAMPLED, 'sample', 'options')
    return new KStream(sample(this.position, options))
  }

  /**
   * Joins with a global table, by a key derived from each record: nothing is repartitioned, and the record keeps its
   * own key.
   *
   * @example
   * orders.join(rates, (order) => order.currency, (order, rate) => order.amount * rate)
   */
  join<KG, VG, VR>(
    table: GlobalKTable<KG, VG>,
    selector: ValueMapper<K, NonNullable<V>, KG>,
    joiner: ValueJoiner<K, NonNullable<V>, VG, VR>,
    named?: Named,
  ): KStream<K, VR>
  /**
   * Joins with another stream: each record is joined with those of the same key on the other side within the window,
   * whichever comes first. A result has the later one's timestamp. Repartitions each side whose key may have changed.
   *
   * @example
   * clicks.join(views, (click, view) => ({ click, view }), JoinWindows.of({ timeDifference: '10s', grace: '1m' }))
   */
  join<VO, VR>(
    other: KStream<K, VO>,
    joiner: ValueJoiner<K, NonNullable<V>, VO, VR>,
    windows: JoinWindows,
    joined?: string | StreamStreamJoined<K, V, VO>,
  ): KStream<K, VR>
  /**
   * Joins with a table: each record of the stream is joined with the row of its key, if there is one. The table's
   * updates trigger nothing. Records of the stream without key or value are dropped. Repartitions if the key may have
   * changed; the table's topic needs the same number of partitions.
   *
   * @example
   * orders.join(customers, (order, customer) => ({ ...order, name: customer.name }))
   */
  join<VT, VR>(
    table: KTable<K, VT>,
    joiner: ValueJoiner<K, NonNullable<V>, VT, VR>,
    joined?: string | Joined<K, V, VT>,
  ): KStream<K, VR>
  join(other: unknown, ...rest: unknown[]): KStream<K, unknown> {
    return this.joined(other, rest, 'inner')
  }

  /**
   * As `join` with a global table, but if there is no row, or no key to look up, the joiner gets `null`.
   *
   * @example
   * events.leftJoin(users, (event) => event.userId, (event, user) => ({ ...event, country: user?.country ?? 'unknown' }))
   */
  leftJoin<KG, VG, VR>(
    table: GlobalKTable<KG, VG>,
    selector: ValueMapper<K, NonNullable<V>, KG>,
    joiner: ValueJoiner<K, NonNullable<V>, VG | null, VR>,
    named?: Named,
  ): KStream<K, VR>
  /**
   * As `join` with another stream, but a record of this stream without a match is emitted with `null` when its
   * window, including grace, has closed: when later records of either side have advanced time that far.
   *
   * @example
   * impressions.leftJoin(clicks, (shown, click) => ({ ...shown, clicked: click !== null }), JoinWindows.of({ timeDifference: '10m' }))
   */
  leftJoin<VO, VR>(
    other: KStream<K, VO>,
    joiner: ValueJoiner<K, NonNullable<V>, VO | null, VR>,
    windows: JoinWindows,
    joined?: string | StreamStreamJoined<K, V, VO>,
  ): KStream<K, VR>
  /**
   * As `join` with a table, but if there is no row, the joiner gets `null`. Records without a key have no row.
   *
   * @example
   * orders.leftJoin(customers, (order, customer) => ({ ...order, name: customer?.name }))
   */
  leftJoin<VT, VR>(
    table: KTable<K, VT>,
    joiner: ValueJoiner<K, NonNullable<V>, VT | null, VR>,
    joined?: string | Joined<K, V, VT>,
  ): KStream<K, VR>
  leftJoin(other: unknown, ...rest: unknown[]): KStream<K, unknown> {
    return this.joined(other, rest, 'left')
  }

  /**
   * As `leftJoin` with another stream, for both sides: a record of either side without a match is emitted with
   * `null` for the other.
   *
   * @example
   * debits.outerJoin(credits, (debit, credit) => ({ debit, credit }), JoinWindows.of({ timeDifference: '1h' }))
   */
  outerJoin<VO, VR>(
    other: KStream<K, VO>,
    joiner: ValueJoiner<K, NonNullable<V> | null, VO | null, VR>,
    windows: JoinWindows,
    joined?: string | StreamStreamJoined<K, V, VO>,
  ): KStream<K, VR> {
    return this.joined(other, [joiner, windows, joined], 'outer') as KStream<K, VR>
  }

  /**
   * Writes the stream to an internal topic and reads it back, with every key in its partition. This happens automatically
   * when grouping or joining needs it; call it to set the number of partitions, or to share one topic between several uses.
   *
   * @example
   * orders.selectKey((order) => order.customerId).repartition({ name: 'by-customer', partitions: 12 })
   */
  repartition(repartitioned?: string | Repartitioned<K, V>): KStream<K, V> {
    requireArgument(repartitioned, REPARTITIONED, 'repartition', 'repartitioned')
    const { context, ...at } = this.position
    const { name: given, key, value, partitions, partitioner } = withName<Repartitioned<K, V>>(repartitioned)
    const name = given === undefined ? context.naming.node('KSTREAM-REPARTITION-') : context.naming.given(given)
    const keySerde = (key as Serde<K> | undefined) ?? at.keySerde
    const valueSerde = (value as Serde<V> | undefined) ?? at.valueSerde
    const settings = {
      keySerde,
      valueSerde,
      partitions,
      partitioner: partitionerRequiringValue(this.position, partitioner),
      implicit: false,
      named: given !== undefined,
    }
    const node = repartitionNode(context.naming, name, settings)
    return this.followedBy(node, { ...this.same(node.name), keySerde, valueSerde, repartitionRequired: false })
  }

  /**
   * Groups by a new key, for an aggregation. Names both the operator and its repartition topic.
   *
   * @example
   * orders.groupBy((order) => order.customerId, { name: 'by-customer', key: serdes.string() }).count()
   */
  groupBy<KR>(
    selector: ValueMapper<K, V, KR>,
    grouped?: string | (Grouped<KR, V> & MappedKey<KR>),
  ): KGroupedStream<NonNullable<KR>, V> {
    requireFunction(selector, 'groupBy', 'a selector')
    requireArgument(grouped, GROUPED, 'groupBy', 'grouped')
    const options = groupedSerdes<KR, V>(grouped)
    const name = this.nameOf('KSTREAM-KEY-SELECT-', options)
    const valueSerde = options.valueSerde ?? this.position.valueSerde
    const behind = { name, keySerde: options.keySerde, valueSerde, repartitionRequired: true }
    const selected = this.add({ kind: 'select-key', name, selector: requiringValue(this.position, selector) }, behind)
    return new KGroupedStream(withoutNullKeys(selected), options.name)
  }

  /**
   * Groups by the records' current key, for an aggregation. Repartitions if the key may have changed.
   *
   * @example
   * clicks.groupByKey().count({ store: 'clicks-per-user' })
   */
  groupByKey(grouped?: string | Grouped<K, V>): KGroupedStream<NonNullable<K>, V> {
    requireArgument(grouped, GROUPED, 'groupByKey', 'grouped')
    const options = groupedSerdes<K, V>(grouped)
    const keySerde = options.keySerde ?? this.position.keySerde
    const valueSerde = options.valueSerde ?? this.position.valueSerde
    const position = { ...this.position, keySerde, valueSerde }
    return new KGroupedStream(withoutNullKeys(position), this.validated(options.name))
  }

  /**
   * Treats the stream as updates of a table: the latest value of each key, with `null` for a delete. It has a store if it
   * is given one, or if an operator downstream has to look values up.
   *
   * @example
   * profileChanges.toTable({ store: 'profiles' })
   */
  toTable(
    materialized?: ExpiringMaterializedAs<NonNullable<K>, NonNullable<V>>,
  ): KTable<NonNullable<K>, NonNullable<V>> {
    requireArgument(materialized, EXPIRING_MATERIALIZED, 'toTable', 'materialized')
    const { context, ...at } = this.position
    const options = resolveMaterialized(materialized as unknown as ExpiringMaterializedAs<K, V>)
    const name = context.naming.node('KSTREAM-TOTABLE-', options.name)
    const store = options.store ?? context.naming.store('KSTREAM-TOTABLE-')
    const keySerde = options.keySerde ?? at.keySerde
    const valueSerde = options.valueSerde ?? at.valueSerde
    const settings = { keySerde, valueSerde, implicit: true, named: options.name !== undefined }
    const repartition = at.repartitionRequired ? repartitionNode(context.naming, name, settings) : undefined
    const source = repartition ? this.add(repartition, { name: repartition.name, keySerde, valueSerde }) : this.position
    const builder = materializedStore(context, store, { ...options, keySerde, valueSerde }, 'may-expire')
    const expiry = expiryOf(store, { ...options, keySerde }, builder.persistent)
    const table = append(
      source,
      {
        kind: 'stream-to-table',
        name,
        store: { builder, requested: options.store !== undefined || expiry !== undefined },
        expiry,
      },
      { name, keySerde, valueSerde },
    )
    return new KTable(withoutNulls(table), options.store)
  }

  /**
   * Writes the stream to a topic, or to the topic that a function returns for each record. Topics must exist.
   *
   * @example
   * counts.to('word-counts', { key: serdes.string(), value: serdes.long() })
   * events.to((event) => `events-${event.kind}`)
   */
  to(topic: string | TopicSelector<K, V>, produced: Produced<K, V> = {}): void {
    requireArgument(topic, TOPIC_OR_SELECTOR, 'to', 'topic')
    requireArgument(produced, PRODUCED, 'to', 'produced')
    const name = this.nameOf('KSTREAM-SINK-', produced)
    const keySerde = produced.key ?? this.position.keySerde
    // all windows of a key belong together
    const ofWindows = keySerde instanceof WindowedSerde ? windowedPartitioner(keySerde) : undefined
    this.add(
      {
        kind: 'sink',
        name,
        topic: typeof topic === 'string' ? topic : topicNameExtractor(requiringValue(this.position, topic)),
        keySerde,
        valueSerde: produced.value ?? this.position.valueSerde,
        lostFormat: this.position.lostFormat,
        partitioner:
          partitionerRequiringValue(this.position, produced.partitioner) ??
          (ofWindows as StreamPartitioner<unknown, unknown> | undefined),
      },
      { name },
    )
  }

  /**
   * Runs a custom processor, which may forward any keys and values, use stores, and schedule punctuations. A grouping or
   * join by key downstream repartitions first: prefer `processValues` if the key stays the same.
   *
   * @example
   * const lastSeen = keyValueStore('last-seen', { key: serdes.string(), value: serdes.long() })
   * clicks.process<string, Session>(() => new Sessionizer(lastSeen), [lastSeen])
   */
  process<KR = unknown, VR = unknown>(
    supplier: ProcessorSupplier<K, V, KR, VR>,
    processed?: Processed,
  ): KStream<KR, VR> {
    requireFunction(supplier, 'process', 'a supplier of processors, such as () => new MyProcessor(),')
    requireArgument(processed, PROCESSED, 'process', 'processed')
    requireNewInstances(supplier, 'process')
    const { name, stores } = this.processorOf('KSTREAM-PROCESSOR-', processed)
    const behind = { name, repartitionRequired: true }
    const requiring = processorRequiringValue(this.position, supplier)
    return this.followedBy({ kind: 'process', name, supplier: requiring, stores, keepsKey: false }, behind)
  }

  /**
   * Runs a custom processor that keeps the key of each record.
   *
   * @example
   * clicks.processValues<Click>(() => new Deduplicate('seen'), ['seen'])
   */
  processValues<VR = unknown>(supplier: ProcessorSupplier<K, V, K, VR>, processed?: Processed): KStream<K, VR> {
    requireFunction(supplier, 'processValues', 'a supplier of processors, such as () => new MyProcessor(),')
    requireArgument(processed, PROCESSED, 'processValues', 'processed')
    requireNewInstances(supplier, 'processValues')
    const { name, stores } = this.processorOf('KSTREAM-PROCESSVALUES-', processed)
    const requiring = processorRequiringValue(this.position, supplier)
    return this.followedBy({ kind: 'process', name, supplier: requiring, stores, keepsKey: true }, this.sameKey(name))
  }

  private filtered(predicate: Predicate<K, V>, not: boolean, named?: Named): KStream<K, V> {
    const method = not ? 'filterNot' : 'filter'
    requireFunction(predicate, method, 'a predicate')
    requireArgument(named, NAMED, method, 'named')
    const name = this.nameOf('KSTREAM-FILTER-', named)
    const requiring = requiringValue(this.position, predicate)
    return this.followedBy({ kind: 'filter', name, predicate: requiring, not }, this.same(name))
  }

  private selected({ records, late }: Selected<K, V>, options: LateRecords<KStream<K, V>>): KStream<K, V> {
    if (late !== undefined) options.late!(new KStream(late))
    return new KStream(records)
  }

  private joined(other: unknown, rest: readonly unknown[], kind: JoinKind): KStream<K, unknown> {
    const call = kind === 'inner' ? 'join' : `${kind}Join`
    const left = kind === 'left'
    const [first, second, third] = rest as never[]
    if (other instanceof KStream) {
      requireSameBuilder(this.position, other.position, call)
      requireFunction(first, call, 'a joiner')
      requireArgument(second, JOIN_WINDOWS, call, 'windows')
      requireArgument(third, STREAM_JOINED, call, 'joined')
      const { records, late, otherLate } = streamStreamJoin<K, V, unknown, unknown>(
        this,
        other,
        first!,
        second!,
        kind,
        third,
      )
      const options: StreamStreamJoined<K, V, unknown> = third!
      if (late !== undefined) options.late!(new KStream(late))
      if (otherLate !== undefined) options.otherLate!(new KStream(otherLate))
      return new KStream(records)
    }
    if (other instanceof KTable && kind !== 'outer') {
      requireSameBuilder(this.position, other.position, call)
      requireFunction(first, call, 'a joiner')
      if (typeof second === 'function') {
        throw new TopologyError(
          'INVALID_ARGUMENT',
          `${call} with a table takes a joiner and options, and got two functions: a stream is joined by its own key, so call ` +
            'selectKey first; or read the table with globalTable, which is joined by any key. Two tables are joined by a foreign key',
        )
      }
      requireArgument(second, JOINED, call, 'joined')
      return new KStream(streamTableJoin<K, V, unknown, unknown>(this, other.position, first!, left, second))
    }
    if (other instanceof GlobalKTable && kind !== 'outer') {
      requireSameBuilder(this.position, other, call)
      requireFunction(first, call, 'a key selector')
      requireFunction(second, call, 'a joiner')
      requireArgument(third, NAMED, call, 'named')
      return new KStream(
        streamGlobalJoin<K, V, unknown, unknown, unknown>(this.position, other, first!, second!, left, third),
      )
    }
    const partners = kind === 'outer' ? 'another KStream' : 'another KStream, a KTable or a GlobalKTable'
    throw argumentError(other, partners, call, 'other')
  }

  private awaiting<R, KR, VR>(
    result: ResultKind,
    callback: AsyncValueMapper<K, V, R> | AsyncBatchAction<K, V>,
    options: string | AsyncOptions<K, V> | undefined,
    behind: (name: string) => NewReference<KR, VR>,
  ): KStream<KR, VR> {
    return new KStream(asyncOperator(this.position, result, callback, options, behind))
  }

  private processorOf(
    prefix: string,
    processed?: Processed,
  ): { name: string; stores: ReturnType<typeof processOptions>['stores'] } {
    const { naming } = this.position.context
    const { name, stores } = processOptions(processed)
    return { name: name === undefined ? naming.node(prefix) : naming.given(name), stores }
  }

  private nameOf(prefix: string, named?: Named): string {
    return this.position.context.naming.node(prefix, operatorName(named))
  }

  private validated(name: string | undefined): string | undefined {
    return name === undefined ? undefined : this.position.context.naming.given(name)
  }

  private same(name: string): NewReference<K, V> {
    const { valueSerde, typedWithoutNull } = this.position
    return { ...this.sameKey<V>(name), valueSerde, typedWithoutNull }
  }

  private sameKey<VR>(name: string): NewReference<K, VR> {
    return { name, keySerde: this.position.keySerde, repartitionRequired: this.position.repartitionRequired }
  }

  private add<KR, VR>(node: NewNode, behind: NewReference<KR, VR>): GraphReference<KR, VR> {
    return append(this.position, node, behind)
  }

  private followedBy<KR, VR>(node: NewNode, behind: NewReference<KR, VR>): KStream<KR, VR> {
    return new KStream(this.add(node, behind))
  }
}
