import { tmpdir } from 'node:os'
import { DURATION, either, instanceOf, isObject, kind, options as optionsOf, requireArgument, text } from '../arguments'
import { resolveConfig, type ResolvedConfig, type StreamsConfig } from '../config/config'
import { type Duration, toMilliseconds } from '../durations'
import { StreamsError } from '../errors'
import type { Metric } from '../observe/metrics/metric'
import type { RecordCounts } from '../observe/record-counts'
import type { Serde } from '../serdes/serde'
import { storeFor } from '../state/key-value/plain-view'
import type { ManagedStore, StateStore, StoreBuilder } from '../state/store'
import { compileTopology } from '../topology/compile/compile-topology'
import type { CompiledTopology, TopologyDefinition } from '../topology/definition'
import { TOPIC, Topology } from '../topology/topology'
import { PRODUCER_KINDS, type ProducerOptions } from '../runtime/producer/kafka-producer'
import type { ProducerTopics, RecordProducer } from '../runtime/producer/record-producer'
import { TopicFormats } from '../runtime/producer/topic-formats'
import { DriverTask, sourceTopics } from './driver-task'
import type { ProducedRecord } from './recording-collector'
import {
  TEST_INPUT_OPTIONS,
  TEST_TOPIC_OPTIONS,
  type TestInputOptions,
  TestInputTopic,
  TestOutputTopic,
  type TestTopicOptions,
} from './test-topics'
import { TestProducer } from './test-producer'
import { NO_HEADERS, type RecordHeaders } from '../record/headers'

/** The app's own configuration, nothing of it required, and what only tests need. `emitInterval` is 0 unless given. */
export interface TestDriverConfig extends Partial<Omit<StreamsConfig, 'kafka'>> {
  /** What the mock wall clock shows at first. Default: the system's time. */
  initialWallClockTime?: number | Date
  /** Partition counts of output topics, as partitioners are told them. Default: 1 each. */
  partitions?: Readonly<Record<string, number>>
  /**
   * Changelog records that stores are restored from: what an earlier driver has `produced()`, or another
   * application. Records of other topics are ignored. Default: stores start empty.
   *
   * @example
   * const before = driver.produced()
   * await driver.close()
   * const restarted = new TopologyTestDriver(topology, { changelogs: before })
   */
  changelogs?: readonly ProducedRecord[]
  /**
   * The offset of the first record piped into each topic. After a restart with `changelogs`, set it above the earlier
   * driver's offsets if the topology has `deduplicate` or `throttle`: they recognize by its offset a record that is read
   * again. Default: 0, as in Kafka Streams' driver.
   */
  firstOffset?: number
}

/** A record as bytes. */
export interface RawRecord {
  /** A topic that the topology reads. */
  readonly topic: string
  /** `null`: none. */
  readonly key: Buffer | null
  /** `null`: a tombstone. */
  readonly value: Buffer | null
  /** Default: the mock wall clock. */
  readonly timestamp?: number
  /** Default: none. */
  readonly headers?: RecordHeaders
}

const BYTES = kind('bytes, or null for none', (value) => value === null || Buffer.isBuffer(value))

const RAW_RECORD = kind('a record of bytes, such as { topic, key: null, value: Buffer.from(…) }', isObject)

const PRODUCER_OPTIONS = optionsOf<Pick<ProducerOptions, 'topics'>>({ topics: PRODUCER_KINDS.topics })

const STORE_OR_NAME = either(
  text('the name of a store'),
  kind("a store's handle", (value) => isObject(value) && typeof value.name === 'string'),
)

/**
 * Runs a topology without a broker, one record at a time, with a mock clock: the tasks, operators and stores are the
 * real ones, and persistent stores are on disk, in a temporary folder. All sub-topologies run in one task, every topic
 * has one partition, and progress is committed after each record. The calls of async operators are awaited; a call that is repeated
 * is repeated at once, without its backoff.
 *
 * @example
 * const driver = new TopologyTestDriver(builder.build())
 * const lines = driver.inputTopic('lines', { key: serdes.string(), value: serdes.string() })
 * await lines.pipe(null, 'to be or not to be')
 * const counts = driver.outputTopic('counts', { key: serdes.string(), value: serdes.long() })
 * expect(counts.readKeyValuesToMap().get('be')).toBe(2)
 * await driver.close()
 */
export class TopologyTestDriver {
  readonly #config: ResolvedConfig
  readonly #topology: CompiledTopology
  readonly #definition: TopologyDefinition
  readonly #storeNames: readonly string[]
  readonly #task: DriverTask
  #starting: Promise<void> | undefined
  #closed = false
  /** Calls take turns: what is piped at once is worked off one by one. */
  #turn: Promise<unknown> = Promise.resolve()

  /** @throws StreamsError INVALID_ARGUMENT, INVALID_CONFIG; TopologyError */
  constructor(topology: Topology, config: TestDriverConfig = {}) {
    requireArgument(
      topology,
      instanceOf(Topology, 'a topology, such as builder.build() makes'),
      'new TopologyTestDriver',
      'topology',
    )
    requireArgument(config, kind('a configuration', isObject), 'new TopologyTestDriver', 'config')
    const { initialWallClockTime, partitions, changelogs = [], firstOffset = 0, ...own } = config
    this.#config = resolveConfig({
      applicationId: 'test-driver',
      emitInterval: 0,
      ...own,
      kafka: { brokers: ['test-driver:9092'] },
    })
    this.#definition = topology.definition
    this.#topology = compileTopology(topology.definition, this.#config)
    this.#storeNames = [...topology.definition.stores.keys()]
    this.#task = new DriverTask({
      topology: this.#topology,
      config: this.#config,
      stateDir: own.stateDir ?? tmpdir(),
      now: Number(initialWallClockTime ?? Date.now()),
      partitions: partitions ?? {},
      changelogs: [...changelogs],
      firstOffset,
    })
  }

  /**
   * Opens the state and starts the processors. The first `pipe` does it; needed only to use a store before.
   *
   * @example
   * await driver.start()
   * driver.store(counts).put('known', 1)
   */
  async start(): Promise<void> {
    await this.#inTurn(async () => {})
  }

  /**
   * A topic that the topology reads, to pipe records into.
   *
   * @example
   * const lines = driver.inputTopic('lines', { key: serdes.string(), value: serdes.string(), autoAdvance: '1s' })
   * await lines.pipe('a', 'hello world')
   */
  inputTopic<K = string, V = unknown>(name: string, options: TestInputOptions<K, V> = {}): TestInputTopic<K, V> {
    requireArgument(name, TOPIC, 'inputTopic', 'name')
    requireArgument(options, TEST_INPUT_OPTIONS, 'inputTopic', 'options')
    const { key, value } = this.#serdes(options)
    return new TestInputTopic(name, key, value, options, this.#task.now, (record) => this.pipeRaw(record))
  }

  /**
   * What `streams.producer()` is on Kafka, for code under test that takes one: its records are piped into the topology, and its
   * promises resolve when they are worked off. What the topology does not read can be read by `outputTopic`. A
   * transaction is piped when its callback has resolved.
   *
   * @example
   * const placeOrder = (orders: RecordProducer, order: Order) => orders.send('orders', order.id, order)
   * await placeOrder(driver.producer(), order)
   * expect(driver.outputTopic('orders-placed').readValues()).toEqual([order])
   */
  producer<Topics extends ProducerTopics = ProducerTopics>(
    options: Pick<ProducerOptions<Topics>, 'topics'> = {},
  ): RecordProducer<Topics> {
    requireArgument(options, PRODUCER_OPTIONS, 'producer', 'options')
    const topics = options.topics ?? {}
    this.#task.outputs.add(Object.keys(topics))
    const formats = new TopicFormats(topics, this.#config, this.#definition)
    return new TestProducer<Topics>(formats, {
      now: () => this.#task.now,
      nextOffset: (topic) => this.#task.nextOffset(topic),
      write: (record) =>
        this.#inTurn(async () => {
          if (await this.#task.add(record, record.offset)) return this.#task.process()
          const { topic, key, value, timestamp, headers } = record
          this.#task.outputs.file({ topic, key, value, timestamp, headers })
        }),
    })
  }

  /**
   * A topic that the topology writes. Changelogs and repartition topics can be read by their full names as well. Reading one that nothing
   * writes to is an error, unless sinks or exception handlers choose their topics as they run.
   *
   * @example
   * const counts = driver.outputTopic('counts', { key: serdes.string(), value: serdes.long() })
   * expect(counts.readKeyValues()).toEqual([['hello', 1], ['world', 1]])
   */
  outputTopic<K = string, V = unknown>(name: string, options: TestTopicOptions<K, V> = {}): TestOutputTopic<K, V> {
    requireArgument(name, TOPIC, 'outputTopic', 'name')
    requireArgument(options, TEST_TOPIC_OPTIONS, 'outputTopic', 'options')
    const { key, value } = this.#serdes(options)
    return new TestOutputTopic(name, key, value, () => this.#task.outputs.unread(name))
  }

  /**
   * As `inputTopic().pipe`, with bytes.
   *
   * @example
   * await driver.pipeRaw({ topic: 'lines', key: null, value: Buffer.from('hello') })
   */
  async pipeRaw(record: RawRecord): Promise<void> {
    requireArgument(record, RAW_RECORD, 'pipeRaw', 'record')
    requireArgument(record.topic, TOPIC, 'pipeRaw', 'record.topic')
    requireArgument(record.key, BYTES, 'pipeRaw', 'record.key')
    requireArgument(record.value, BYTES, 'pipeRaw', 'record.value')
    await this.#inTurn(async () => {
      const { topic, key, value, timestamp = this.#task.now, headers = NO_HEADERS } = record
      if (!(await this.#task.add({ topic, key, value, timestamp, headers }))) {
        throw new StreamsError(
          'INVALID_ARGUMENT',
          `no source reads topic "${topic}": the topology reads ${this.#sourceNames()}`,
          { topic },
        )
      }
      await this.#task.process()
      await this.#task.passIdleTime()
    })
  }

  /**
   * Moves the wall clock: runs the punctuations that are due, each once, commits, and processes what has become ready. Async operators
   * call for batches whose `linger` is over. Stream time follows where inputs have been without records for their `idleAfter`.
   *
   * @example
   * await driver.advanceWallClockTime('1m')
   */
  async advanceWallClockTime(by: Duration): Promise<void> {
    requireArgument(by, DURATION, 'advanceWallClockTime', 'by')
    await this.#inTurn(async () => {
      await this.#task.advance(toMilliseconds(by, 'advanceWallClockTime'))
      await this.#task.process()
      await this.#task.passIdleTime()
    })
  }

  /**
   * Everything sent since the last call, in order, changelogs and repartition topics included; `outputTopic` keeps its own account.
   *
   * @example
   * expect(driver.produced().map(({ topic }) => topic)).toEqual(['test-driver-counts-changelog', 'counts'])
   */
  produced(): ProducedRecord[] {
    return this.#task.takeProduced()
  }

  /**
   * The live store: by its typed handle, or by its name, of a type that is yours to give. By its name it is what it is by the
   * handle that it was made by; a table's store that was made by name has values with timestamps.
   *
   * @example
   * expect(driver.store(counts).get('hello')).toBe(1)
   * expect(driver.store<TimestampedKeyValueStore<string, number>>('counts-by-name').get('hello')?.value).toBe(1)
   */
  store<S extends StateStore>(store: string | { readonly name: string; readonly storeType?: S }): S {
    requireArgument(store, STORE_OR_NAME, 'store', 'store')
    const name = typeof store === 'string' ? store : store.name
    const stores = this.#openStores()
    const found = stores.find((candidate) => candidate.name === name)
    if (found) return storeFor(store, found, this.#builderOf(name)) as S
    const names = stores.map((candidate) => `"${candidate.name}"`).join(', ') || 'none'
    throw new StreamsError('UNKNOWN_STORE', `there is no store "${name}"; the topology has: ${names}`, { store: name })
  }

  /**
   * All stores by name; `null` for one that no processor uses, and which therefore was not made.
   *
   * @example
   * expect([...driver.stores().keys()]).toEqual(['counts'])
   */
  stores(): ReadonlyMap<string, StateStore | null> {
    const stores = new Map<string, StateStore | null>()
    for (const name of this.#storeNames) stores.set(name, null)
    for (const store of this.#openStores()) stores.set(store.name, store)
    return stores
  }

  /**
   * What the task measures, as `KafkaStreams.metrics()`: rates and ages by the mock wall clock, latencies by the system's.
   * Empty before the first record, after `close`, and where `metricsRecordingLevel` is `off`.
   *
   * @example
   * const dropped = driver.metrics().find(({ name }) => name === 'dropped-records-total')
   * expect(dropped?.value).toBe(1)
   */
  metrics(): readonly Metric[] {
    return this.#closed ? [] : this.#task.metrics()
  }

  /**
   * Records that were dropped and dead letters that were sent so far: as `KafkaStreams.recordCounts()`.
   *
   * @example
   * expect(driver.recordCounts().operators[0]).toMatchObject({ operator: 'parse', droppedBy: { error: 1 } })
   */
  recordCounts(): RecordCounts {
    return this.#task.recordCounts.snapshot()
  }

  /** What the mock wall clock shows, in milliseconds. */
  get wallClockTime(): number {
    return this.#task.now
  }

  /**
   * Closes processors and stores and removes their files.
   *
   * @example
   * afterEach(() => driver.close())
   */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#turn.catch(() => {})
    await this.#task.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn
      .catch(() => {})
      .then(async () => {
        if (this.#closed)
          throw new StreamsError(
            'ILLEGAL_STATE',
            'the test driver is closed: await each of its calls, such as pipe(), before close()',
          )
        await (this.#starting ??= this.#task.start())
        await work()
      })
    this.#turn = turn
    await turn
  }

  #sourceNames(): string {
    const patterns = this.#topology.subTopologies.flatMap(({ sourcePatterns }) => sourcePatterns.map(String))
    const topics = [...sourceTopics(this.#topology), ...this.#topology.global.stores.map(({ topic }) => topic)]
    return [...topics.map((topic) => `"${topic}"`), ...patterns].join(', ') || 'nothing'
  }

  #serdes<K, V>(options: TestTopicOptions<K, V>): { key: Serde<K>; value: Serde<V> } {
    const { defaultKeySerde, defaultValueSerde } = this.#config
    return {
      key: options.key ?? (defaultKeySerde as Serde<K>),
      value: options.value ?? (defaultValueSerde as Serde<V>),
    }
  }

  #builderOf(store: string): StoreBuilder<StateStore> | undefined {
    const { subTopologies, global } = this.#topology
    const stores = subTopologies.flatMap((sub) => sub.stores.map(({ definition }) => definition))
    return [...stores, ...global.stores].find(({ builder }) => builder.name === store)?.builder as
      StoreBuilder<StateStore> | undefined
  }

  /** The stores, once they are open. */
  #openStores(): readonly ManagedStore[] {
    const { stores } = this.#task
    if (stores !== undefined) return stores
    throw new StreamsError(
      'ILLEGAL_STATE',
      'the test driver has not opened its stores yet: await driver.start(), or pipe a record',
    )
  }
}
