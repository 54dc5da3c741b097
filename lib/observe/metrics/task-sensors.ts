import { RecordTally } from './record-tally'
import type { SampleWindows } from './sample-windows'
import { Stat } from './stat'

/** Of an input partition: counts what the task takes from it. */
export class InputSensor {
  records = 0
  /** Of keys and values. */
  bytes = 0

  constructor(
    readonly node: string,
    readonly topic: string,
    /** Of its source, for all of the source's partitions; only at `debug`. */
    private readonly rate: Stat | undefined,
    private readonly tally: RecordTally,
  ) {}

  /** A length of −1 is null. */
  took(timestamp: number, keyLength: number, valueLength: number): void {
    this.records++
    if (keyLength > 0) this.bytes += keyLength
    if (valueLength > 0) this.bytes += valueLength
    this.rate?.add(1)
    this.tally.add(timestamp)
  }
}

/** Of an operator. */
export class NodeSensor {
  /** Records that it was given. */
  records = 0

  constructor(
    readonly node: string,
    /** The one that it writes to; undefined: none, or one for each record. */
    readonly topic: string | undefined,
    /** Its rate; only at `debug`. */
    readonly rate: Stat | undefined,
    /** Of what arrives at it; only if it is the last. */
    private readonly tally: RecordTally | undefined,
  ) {}

  took(timestamp: number): void {
    this.records++
    this.rate?.add(1)
    this.tally?.add(timestamp)
  }
}

/** Of a store. */
export class StoreSensors {
  /** By Kafka Streams' name. */
  readonly operations = new Map<string, { readonly rate: Stat; readonly latency: Stat }>()
  /** By Kafka Streams' name: how long or large something was, or how many there were. */
  readonly amounts = new Map<string, Stat>()
  /** Of the record cache, at each hit; undefined: it has none, or none that counts. */
  hitRatio: Stat | undefined
  #flushNanoseconds = 0

  constructor(private readonly windows: SampleWindows) {}

  /** The calls of an operation, and the nanoseconds that some of them took. */
  of(operation: string): { readonly rate: Stat; readonly latency: Stat } {
    let sensor = this.operations.get(operation)
    if (sensor === undefined) {
      sensor = { rate: new Stat(this.windows), latency: new Stat(this.windows) }
      this.operations.set(operation, sensor)
    }
    return sensor
  }

  amount(name: string): Stat {
    const stat = new Stat(this.windows)
    this.amounts.set(name, stat)
    return stat
  }

  hitRatios(): Stat {
    return (this.hitRatio = new Stat(this.windows))
  }

  /** Part of a flush of the record cache: a commit flushes it in slices. */
  flushing(nanoseconds: number): void {
    this.#flushNanoseconds += nanoseconds
  }

  /** The flush has ended. */
  flushed(): void {
    const { rate, latency } = this.of('flush')
    rate.add(1)
    latency.add(this.#flushNanoseconds)
    this.#flushNanoseconds = 0
  }
}

/** What is measured of a task while it processes. */
export class TaskSensors {
  /** Records, and the milliseconds that they took. */
  readonly process: Stat
  /** Calls of punctuations, and the milliseconds that they took. */
  readonly punctuate: Stat
  /** By how much records are behind stream time; only at `debug`. */
  readonly lateness: Stat | undefined
  /** Records that were processed while another input was empty and no longer waited for; only at `debug`. */
  readonly enforced: Stat | undefined
  readonly inputs: InputSensor[] = []
  /** By source: records that it has read; only at `debug`. */
  readonly sources = new Map<string, Stat>()
  /** By operator: how old its records are when they arrive. */
  readonly latencies = new Map<string, Stat>()
  readonly nodes: NodeSensor[] = []
  /** By operator and Kafka Streams' name: what operators measure of themselves; only at `debug`. */
  readonly operators = new Map<string, Map<string, Stat>>()
  /** By name; only at `debug`. */
  readonly stores = new Map<string, StoreSensors>()
  /** By sink and topic: records for topics that are chosen for each of them. */
  readonly chosenTopics = new Map<string, Map<string, number>>()
  readonly #tallies: Array<{ readonly tally: RecordTally; readonly latency: Stat }> = []
  readonly #ages = new Map<string, RecordTally>()

  constructor(
    private readonly windows: SampleWindows,
    readonly isDebug: boolean,
    /** Of the thread, for all of its tasks. */
    private readonly thread: { readonly punctuate: Stat },
  ) {
    this.process = new Stat(windows)
    this.punctuate = new Stat(windows)
    this.lateness = isDebug ? new Stat(windows) : undefined
    this.enforced = isDebug ? new Stat(windows) : undefined
  }

  input(node: string, topic: string): InputSensor {
    const sensor = new InputSensor(node, topic, this.#rateOfSource(node), this.#age(node))
    this.inputs.push(sensor)
    return sensor
  }

  /** Undefined if nothing is measured about it. `isLast`: it forwards to no other operator. */
  node(name: string, isLast: boolean, topic?: string): NodeSensor | undefined {
    if (!isLast && !this.isDebug) return undefined
    const rate = this.isDebug ? new Stat(this.windows) : undefined
    const sensor = new NodeSensor(name, topic, rate, isLast ? this.#age(name) : undefined)
    this.nodes.push(sensor)
    return sensor
  }

  /** Undefined if it is not measured. */
  operator(name: string, metric: string): Stat | undefined {
    if (!this.isDebug) return undefined
    let stats = this.operators.get(name)
    if (stats === undefined) this.operators.set(name, (stats = new Map()))
    const stat = new Stat(this.windows)
    stats.set(metric, stat)
    return stat
  }

  store(name: string): StoreSensors {
    const sensors = new StoreSensors(this.windows)
    this.stores.set(name, sensors)
    return sensors
  }

  /** A sink has chosen a topic for a record. */
  chose(sink: string, topic: string): void {
    let topics = this.chosenTopics.get(sink)
    if (topics === undefined) this.chosenTopics.set(sink, (topics = new Map()))
    topics.set(topic, (topics.get(topic) ?? 0) + 1)
  }

  /** A run of records is over. */
  ran(records: number, ms: number): void {
    const each = ms / records
    this.process.addAll(records, ms, each, each)
  }

  punctuated(ms: number): void {
    this.punctuate.add(ms)
    this.thread.punctuate.add(ms)
  }

  /** What has arrived at operators so far has done so by this time of the wall clock. */
  settle(now: number): void {
    for (const { tally, latency } of this.#tallies) tally.settle(now, latency)
  }

  #rateOfSource(node: string): Stat | undefined {
    if (!this.isDebug) return undefined
    let rate = this.sources.get(node)
    if (rate === undefined) this.sources.set(node, (rate = new Stat(this.windows)))
    return rate
  }

  #age(node: string): RecordTally {
    let tally = this.#ages.get(node)
    if (tally === undefined) {
      const latency = new Stat(this.windows)
      tally = new RecordTally()
      this.#ages.set(node, tally)
      this.latencies.set(node, latency)
      this.#tallies.push({ tally, latency })
    }
    return tally
  }
}
