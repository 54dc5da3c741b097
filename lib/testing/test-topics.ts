import {
  DURATION,
  HEADERS,
  kind,
  optional,
  options as optionsOf,
  either,
  requireArgument,
  SERDE,
  TIMESTAMP,
} from '../arguments'
import { type Duration, toMilliseconds } from '../durations'
import { StreamsError } from '../errors'
import { prepared } from '../serdes/missing-dependency'
import type { Serde } from '../serdes/serde'
import { asBytes, asObject } from '../serdes/serde-results'
import type { ProducedRecord } from './recording-collector'
import { NO_HEADERS, type RecordHeaders } from '../record/headers'

/** The serdes of a topic in a test. */
export interface TestTopicOptions<K, V> {
  /** Default: the config's `defaultKeySerde`. */
  key?: Serde<K>
  /** Default: the config's `defaultValueSerde`. */
  value?: Serde<V>
}

/** The serdes of an input topic, and which time records have that are piped without one. */
export interface TestInputOptions<K, V> extends TestTopicOptions<K, V> {
  /** Timestamp of the first record piped without one. Default: the driver's wall clock. */
  startTimestamp?: number | Date
  /** How much later the next such record is. Default: 0. */
  autoAdvance?: Duration
}

/** What a record has besides key and value. */
export interface PipeOptions {
  /** Its event time. Default: the topic's `startTimestamp`, moved on by `autoAdvance`. */
  timestamp?: number | Date
  /** Default: none. */
  headers?: RecordHeaders
}

/** Which times the records of a list have. The topic's own time stays where it is. */
export interface PipeListOptions {
  /** Timestamp of the first one. */
  startTimestamp: number | Date
  /** How much later each next one is. Default: 0. */
  advance?: Duration
}

const PIPE_OPTIONS = optional(either(TIMESTAMP, optionsOf<PipeOptions>({ timestamp: TIMESTAMP, headers: HEADERS })))

const TIMES = optional(optionsOf<PipeListOptions>({ startTimestamp: TIMESTAMP, advance: DURATION }, ['startTimestamp']))

const isIterable = (value: unknown): boolean =>
  value != null && typeof value !== 'string' && Symbol.iterator in Object(value)

const PAIRS = kind('pairs of key and value', isIterable)

const VALUES = kind('a list of values', isIterable)

const GIVEN = kind('what its serde writes, or null for none', (value) => value !== undefined)

export const TEST_TOPIC_OPTIONS = optional(optionsOf<TestTopicOptions<unknown, unknown>>({ key: SERDE, value: SERDE }))

export const TEST_INPUT_OPTIONS = optional(
  optionsOf<TestInputOptions<unknown, unknown>>({
    key: SERDE,
    value: SERDE,
    startTimestamp: TIMESTAMP,
    autoAdvance: DURATION,
  }),
)

/** A record as it was written to an output topic. */
export interface TestRecord<K, V> {
  /** `null` where it has none. */
  readonly key: K | null
  /** `null` for a tombstone. */
  readonly value: V | null
  /** In milliseconds since 1970. */
  readonly timestamp: number
  /** In the order in which they were written. */
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
    /** The topic's name. */
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
   *
   * @example
   * await lines.pipe('a', 'hello')
   * await lines.pipe('a', 'later', new Date('2026-03-01T12:00:00Z'))
   * await lines.pipe('a', null, { timestamp: 5, headers: [['source', Buffer.from('web')]] })
   */
  async pipe(key: K | null, value: V | null, options: number | Date | PipeOptions = {}): Promise<void> {
    requireArgument(key, GIVEN, 'pipe', 'key')
    requireArgument(value, GIVEN, 'pipe', 'value')
    requireArgument(options, PIPE_OPTIONS, 'pipe', 'options')
    const { timestamp, headers = NO_HEADERS } =
      typeof options === 'number' || options instanceof Date ? { timestamp: options } : options
    const time = timestamp === undefined ? this.time : Number(timestamp)
    if (timestamp === undefined) this.time += this.advance
    await this.send({
      topic: this.name,
      key: key === null ? null : await this.written('key', this.keySerde, key, headers),
      value: value === null ? null : await this.written('value', this.valueSerde, value, headers),
      timestamp: time,
      headers,
    })
  }

  /**
   * Moves the time of records that are piped without a timestamp on.
   *
   * @example
   * lines.advanceTime('1m')
   */
  advanceTime(by: Duration): void {
    requireArgument(by, DURATION, 'advanceTime', 'by')
    this.time += toMilliseconds(by, 'advanceTime')
  }

  /**
   * `pipe` for each pair, one after the other.
   *
   * @example
   * await lines.pipeKeyValues([['a', 'hello'], ['b', 'world']])
   * await lines.pipeKeyValues([['a', 'hello'], ['b', 'world']], { startTimestamp: 0, advance: '1s' })
   */
  async pipeKeyValues(pairs: Iterable<readonly [K | null, V | null]>, times?: PipeListOptions): Promise<void> {
    requireArgument(pairs, PAIRS, 'pipeKeyValues', 'pairs')
    requireArgument(times, TIMES, 'pipeKeyValues', 'times')
    const advance = toMilliseconds(times?.advance ?? 0, 'advance')
    let timestamp = times && Number(times.startTimestamp)
    for (const [key, value] of pairs) {
      await this.pipe(key, value, { timestamp })
      if (timestamp !== undefined) timestamp += advance
    }
  }

  /**
   * As `pipeKeyValues`, without keys.
   *
   * @example
   * await lines.pipeValues(['hello', 'world'], { startTimestamp: 0, advance: '1s' })
   */
  async pipeValues(values: Iterable<V | null>, times?: PipeListOptions): Promise<void> {
    requireArgument(values, VALUES, 'pipeValues', 'values')
    requireArgument(times, TIMES, 'pipeValues', 'times')
    const pairs = Array.from(values, (value) => [null, value] as const)
    await this.pipeKeyValues(pairs, times)
  }

  private async written<T>(
    part: 'key' | 'value',
    serde: Serde<T>,
    object: T,
    headers: RecordHeaders,
  ): Promise<Buffer | null> {
    try {
      return await prepared(() => asBytes(serde.serialize(this.name, object, headers)))
    } catch (cause) {
      if (cause instanceof StreamsError) throw cause // of a registry
      throw new StreamsError(
        'SERIALIZATION_FAILED',
        `the test can't write the ${part} of a record for topic "${this.name}": ${(cause as Error).message}. Pass what the serde ` +
          `writes, or the serde that the topology reads it with, as in inputTopic('${this.name}', { ${part}: serdes.… })`,
        { topic: this.name },
        { cause },
      )
    }
  }
}

/** Reads what the topology wrote to a topic, each record once. Made by `driver.outputTopic`. */
export class TestOutputTopic<K, V> {
  /** @internal */
  constructor(
    /** The topic's name. */
    readonly name: string,
    private readonly keySerde: Serde<K>,
    private readonly valueSerde: Serde<V>,
    private readonly unread: () => ProducedRecord[],
  ) {}

  /** Whether everything was read that was written. */
  get isEmpty(): boolean {
    return this.unread().length === 0
  }

  /** How many records were written and not read yet. */
  get queueSize(): number {
    return this.unread().length
  }

  /**
   * The next record; an error if there is none.
   *
   * @example
   * expect(counts.readRecord()).toMatchObject({ key: 'hello', value: 1, timestamp: 5 })
   */
  readRecord(): TestRecord<K, V> {
    const record = this.unread().shift()
    if (record) return this.decode(record)
    throw new StreamsError(
      'ILLEGAL_STATE',
      `no (further) record was written to "${this.name}": look at queueSize first, and await pipe()`,
      { topic: this.name },
    )
  }

  /**
   * Key and value of the next record; an error if there is none.
   *
   * @example
   * expect(counts.readKeyValue()).toEqual(['hello', 1])
   */
  readKeyValue(): [K | null, V | null] {
    const { key, value } = this.readRecord()
    return [key, value]
  }

  /**
   * The value of the next record; an error if there is none.
   *
   * @example
   * expect(counts.readValue()).toBe(1)
   */
  readValue(): V | null {
    return this.readRecord().value
  }

  /**
   * All further records.
   *
   * @example
   * expect(counts.readRecords().map(({ timestamp }) => timestamp)).toEqual([5, 6])
   */
  readRecords(): Array<TestRecord<K, V>> {
    return this.unread()
      .splice(0)
      .map((record) => this.decode(record))
  }

  /**
   * Keys and values of all further records.
   *
   * @example
   * expect(counts.readKeyValues()).toEqual([['hello', 1], ['hello', 2]])
   */
  readKeyValues(): Array<[K | null, V | null]> {
    return this.readRecords().map(({ key, value }) => [key, value])
  }

  /**
   * Values of all further records.
   *
   * @example
   * expect(counts.readValues()).toEqual([1, 2])
   */
  readValues(): Array<V | null> {
    return this.readRecords().map(({ value }) => value)
  }

  /**
   * The last value of each key in all further records; `null` where the last record was a tombstone. Keys are the same if
   * their bytes are. A record without a key is an error.
   *
   * @example
   * expect(counts.readKeyValuesToMap()).toEqual(new Map([['hello', 2], ['gone', null]]))
   */
  readKeyValuesToMap(): Map<K, V | null> {
    const keys = new Map<string, K>()
    const last = new Map<K, V | null>()
    for (const record of this.unread().splice(0)) {
      const { key, value } = this.decode(record)
      if (key === null) {
        throw new StreamsError(
          'ILLEGAL_STATE',
          `a record without a key was written to "${this.name}", and a map has none for it: use readRecords()`,
          { topic: this.name },
        )
      }
      // equal keys may be different objects
      const bytes = record.key!.toString('latin1')
      if (!keys.has(bytes)) keys.set(bytes, key)
      last.set(keys.get(bytes)!, value)
    }
    return last
  }

  private decode({ key, value, timestamp, headers }: ProducedRecord): TestRecord<K, V> {
    return {
      key: key === null ? null : this.read('key', this.keySerde, key, headers),
      value: value === null ? null : this.read('value', this.valueSerde, value, headers),
      timestamp,
      headers,
    }
  }

  private read<T>(part: 'key' | 'value', serde: Serde<T>, bytes: Buffer, headers: RecordHeaders): T {
    try {
      return asObject(serde.deserialize(this.name, bytes, headers))
    } catch (cause) {
      throw new StreamsError(
        'DESERIALIZATION_FAILED',
        `the test can't read the ${part} of a record of topic "${this.name}": ${(cause as Error).message}. Pass the serde that the ` +
          `topology writes it with, as in outputTopic('${this.name}', { ${part}: serdes.… })`,
        { topic: this.name },
        { cause },
      )
    }
  }
}
