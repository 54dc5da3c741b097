import { type Duration, toMilliseconds } from '../durations'
import { StreamsError } from '../errors'
import { NO_HEADERS, type RecordHeaders } from '../kafka/port'
import { prepared } from '../serdes/not-prepared'
import type { Serde } from '../serdes/serde'
import type { ProducedRecord } from './recording-collector'

export interface TestTopicOptions<K, V> {
  /** Default: the config's `defaultKeySerde`. */
  key?: Serde<K>
  /** Default: the config's `defaultValueSerde`. */
  value?: Serde<V>
}

export interface TestInputOptions<K, V> extends TestTopicOptions<K, V> {
  /** Timestamp of the first record piped without one. Default: the driver's wall clock. */
  startTimestamp?: number | Date
  /** How much later the next such record is. Default: 0. */
  autoAdvance?: Duration
}

export interface PipeOptions {
  timestamp?: number | Date
  headers?: RecordHeaders
}

export interface TestRecord<K, V> {
  readonly key: K | null
  readonly value: V | null
  readonly timestamp: number
  readonly headers: RecordHeaders
}

type Pipe = (record: {
  topic: string
  key: Buffer | null
  value: Buffer | null
  timestamp: number
  headers: RecordHeaders
}) => Promise<void>

/** Writes records of a type into a source topic. Made by `driver.inputTopic`. */
export class TestInputTopic<K, V> {
  private time: number
  private readonly advance: number

  /** @internal */
  constructor(
    readonly name: string,
    private readonly keySerde: Serde<K>,
    private readonly valueSerde: Serde<V>,
    options: TestInputOptions<K, V>,
    now: number,
    private readonly send: Pipe,
  ) {
    this.time = Number(options.startTimestamp ?? now)
    this.advance = toMilliseconds(options.autoAdvance ?? 0, 'autoAdvance')
  }

  /**
   * Resolves when the topology has worked off the record and all that followed from it, async operators included;
   * rejects with what an operator threw.
   */
  async pipe(key: K | null, value: V | null, options: number | Date | PipeOptions = {}): Promise<void> {
    const { timestamp, headers = NO_HEADERS } =
      typeof options === 'number' || options instanceof Date ? { timestamp: options } : options
    const time = timestamp === undefined ? this.time : Number(timestamp)
    if (timestamp === undefined) this.time += this.advance
    await this.send({
      topic: this.name,
      key: key === null ? null : await prepared(() => this.keySerde.serialize(this.name, key, headers)),
      value: value === null ? null : await prepared(() => this.valueSerde.serialize(this.name, value, headers)),
      timestamp: time,
      headers,
    })
  }

  async pipeKeyValues(pairs: Iterable<readonly [K | null, V | null]>): Promise<void> {
    for (const [key, value] of pairs) await this.pipe(key, value)
  }
}

/** Reads what the topology wrote to a topic, each record once. Made by `driver.outputTopic`. */
export class TestOutputTopic<K, V> {
  /** @internal */
  constructor(
    readonly name: string,
    private readonly keySerde: Serde<K>,
    private readonly valueSerde: Serde<V>,
    private readonly queue: ProducedRecord[],
  ) {}

  get isEmpty(): boolean {
    return this.queue.length === 0
  }

  get queueSize(): number {
    return this.queue.length
  }

  /** The next record; an error if there is none. */
  readRecord(): TestRecord<K, V> {
    const record = this.queue.shift()
    if (record) return this.decode(record)
    throw new StreamsError(
      'ILLEGAL_STATE',
      `no (further) record was written to "${this.name}": look at queueSize first, and await pipe()`,
      { topic: this.name },
    )
  }

  readRecords(): Array<TestRecord<K, V>> {
    return this.queue.splice(0).map((record) => this.decode(record))
  }

  readKeyValues(): Array<[K | null, V | null]> {
    return this.readRecords().map(({ key, value }) => [key, value])
  }

  readValues(): Array<V | null> {
    return this.readRecords().map(({ value }) => value)
  }

  /** The last value of each key, deletes left out: the topic read as a table. */
  readKeyValuesToMap(): Map<K | null, V> {
    const table = new Map<K | null, V>()
    for (const { key, value } of this.readRecords()) {
      if (value === null) table.delete(key)
      else table.set(key, value)
    }
    return table
  }

  private decode({ key, value, timestamp, headers }: ProducedRecord): TestRecord<K, V> {
    return {
      key: key === null ? null : this.keySerde.deserialize(this.name, key, headers),
      value: value === null ? null : this.valueSerde.deserialize(this.name, value, headers),
      timestamp,
      headers,
    }
  }
}
