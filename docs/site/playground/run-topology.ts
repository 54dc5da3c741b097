import * as millrace from '../../../lib/index'
import { NO_HEADERS } from '../../../lib/record/headers'
import type { Serde } from '../../../lib/serdes/serde'
import type { ReadOnlyKeyValueStore, StateStore } from '../../../lib/state/store'
import { memoryEngine } from '../../../lib/state/memory/memory-engine'
import { errorLine } from '../../../lib/observe/error-text'
import { TopologyTestDriver } from '../../../lib/testing/topology-test-driver'
import type { ProducedRecord } from '../../../lib/testing/recording-collector'
import type { SinkDefinition, SourceDefinition, TopologyDefinition } from '../../../lib/topology/definition'
import { mermaidChart } from '../../../lib/topology/mermaid'
import { topologySvg } from '../../../lib/topology/svg'
import { Topology } from '../../../lib/topology/topology'
import { cellText, shortened, timeText } from './cell-text'
import { parseRecords, type Step } from './records'

/** What a reader has written: a module that exports a topology, in JavaScript with `require`, and the records, as lines. */
export interface PlaygroundRequest {
  readonly code: string
  readonly records: string
}

/** A record of an output topic. Texts as they are shown; `null`: no key, or a tombstone. */
export interface OutputRecord {
  /** The line that led to it. */
  readonly line: number
  readonly key: string | null
  readonly value: string | null
  readonly time: string
}

export interface StoreRow {
  readonly key: string | null
  readonly value: string | null
  /** Undefined: the store keeps none. */
  readonly time?: string
}

/** Everything that the page shows after a run. After an error, what was there until then. `more` counts what exceeds `MAX_ROWS`. */
export interface PlaygroundResult {
  readonly topics: { readonly name: string; readonly records: OutputRecord[]; readonly more?: number }[]
  /** Without rows: the store has none that could be listed. */
  readonly stores: { readonly name: string; readonly rows: StoreRow[] | null; readonly more?: number }[]
  readonly topology?: { readonly text: string; readonly mermaid: string; readonly svg: string }
  /** What the code has written to the console, and the library to its log. */
  readonly log: readonly string[]
  readonly error?: string
}

const APPLICATION_ID = 'playground'
/** Of each topic, each store and the log: a page with all of a million rows would stand still, or crash. */
const MAX_ROWS = 1000

/** Runs the code, and pipes its records through the topology that it exports. Never rejects: the result has the error. */
export const runTopology = async ({ code, records }: PlaygroundRequest): Promise<PlaygroundResult> => {
  const log: string[] = []
  const run: Writable<PlaygroundResult> = { topics: [], stores: [], log }
  try {
    const topology = await topologyOf(code, log)
    run.topology = {
      text: topology.describe(),
      mermaid: mermaidChart(topology.description),
      svg: topologySvg(topology.description),
    }
    await pipeAll(topology, parseRecords(records), run, log)
  } catch (error) {
    run.error = shortened(errorLine(error))
  }
  if (log.length > MAX_ROWS) log.splice(MAX_ROWS, 1, '… and more')
  return run
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

type Module = (require: (name: string) => unknown, exports: Record<string, unknown>, console: unknown) => Promise<void>

const AsyncFunction = (async () => {}).constructor as new (...parametersAndBody: string[]) => Module

const topologyOf = async (code: string, log: string[]): Promise<Topology> => {
  const exports: Record<string, unknown> = {}
  const write = (...parts: unknown[]): void => {
    if (log.length > MAX_ROWS) return
    const texts = parts.map((part) => (part instanceof Error ? errorLine(part) : (cellText(part) ?? 'null')))
    log.push(shortened(texts.join(' ')))
  }
  const console = { log: write, info: write, warn: write, error: write, debug: write, table: write }
  await new AsyncFunction('require', 'exports', 'console', code)(moduleCalled, exports, console)
  const exported = Object.values(exports)
  const found = exported.find((value) => value instanceof Topology)
  if (found) return found
  for (const value of exported) {
    const made: unknown = typeof value === 'function' && value.length === 0 ? value() : undefined
    if (made instanceof Topology) return made
  }
  throw new Error(
    'export the topology: export const topology = builder.build(), or a function without parameters that returns it',
  )
}

const moduleCalled = (name: string): unknown => {
  if (name === 'millrace')
    return { ...millrace, KafkaStreams: notHere('KafkaStreams'), KafkaProducer: notHere('KafkaProducer') }
  throw new Error(`"${name}" is not there: code of the playground can import from 'millrace' only`)
}

const notHere = (name: string) =>
  function (): never {
    throw new Error(`${name} needs a broker, and there is none here: export the topology, and the playground runs it`)
  }

const pipeAll = async (topology: Topology, steps: Step[], run: PlaygroundResult, log: string[]): Promise<void> => {
  const write = (_fields: object, message: string): void => {
    if (log.length <= MAX_ROWS) log.push(shortened(message))
  }
  const driver = new TopologyTestDriver(topology, {
    applicationId: APPLICATION_ID,
    initialWallClockTime: 0,
    stateEngine: memoryEngine(),
    logger: { debug: () => {}, info: () => {}, warn: write, error: write },
  })
  const formats = formatsOf(topology.definition)
  // topics that get nothing are shown as well
  for (const topic of formats.sinks) outputOf(run, topic)
  await driver.start()
  try {
    for (const step of steps) {
      try {
        if (step.kind === 'advance') await driver.advanceWallClockTime(step.by)
        else await driver.pipeRaw(bytesOf(step, formats))
      } finally {
        for (const record of driver.produced()) {
          if (formats.internal(record.topic)) continue
          const output = outputOf(run, record.topic)
          if (output.records.length < MAX_ROWS) output.records.push(shown(record, step.line, formats))
          else output.more = (output.more ?? 0) + 1
        }
      }
    }
  } finally {
    for (const [name, store] of driver.stores()) {
      if (store !== null) run.stores.push({ name, ...(await rowsOf(store)) })
    }
    await driver.close()
  }
}

const outputOf = ({ topics }: PlaygroundResult, name: string): Writable<PlaygroundResult['topics'][number]> => {
  const known = topics.find((topic) => topic.name === name)
  if (known) return known
  const output = { name, records: [] }
  topics.push(output)
  return output
}

// ------------------------------------------------------------------------------------------------ texts and bytes

interface Format {
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
}

interface Formats {
  /** Topics by name that the topology reads, internal ones aside. */
  readonly sources: readonly string[]
  /** Topics by name that it writes. */
  readonly sinks: readonly string[]
  input(topic: string): Format
  /** Changelogs and repartition topics, by their full names. */
  internal(topic: string): boolean
  /** Undefined: no sink writes it by name. */
  output(topic: string): Format | undefined
}

const formatOf = ({ keySerde, valueSerde }: SourceDefinition | SinkDefinition): Format => ({
  key: keySerde ?? millrace.serdes.string(),
  value: valueSerde ?? millrace.serdes.json(),
})

const formatsOf = ({ nodes, stores, repartitionTopics }: TopologyDefinition): Formats => {
  const own = (topic: string): boolean => !repartitionTopics.has(topic)
  const internal = new Set(
    [...repartitionTopics.keys(), ...[...stores.keys()].map((store) => `${store}-changelog`)].map(
      (name) => `${APPLICATION_ID}-${name}`,
    ),
  )
  const sources = nodes.filter((node) => node.kind === 'source')
  const sinks = nodes.filter((node) => node.kind === 'sink')
  const dynamic = sinks.find(({ topic }) => typeof topic !== 'string')
  const names = (topics: SourceDefinition['topics']): readonly string[] => (topics instanceof RegExp ? [] : topics)
  return {
    sources: sources.flatMap(({ topics }) => names(topics)).filter(own),
    sinks: sinks.flatMap(({ topic }) => (typeof topic === 'string' && own(topic) ? [topic] : [])),
    internal: (topic) => internal.has(topic),
    input: (topic) => {
      const reads = ({ topics }: SourceDefinition): boolean =>
        topics instanceof RegExp ? topics.test(topic) : topics.includes(topic)
      return formatOf(sources.find(reads) ?? { kind: 'source', name: topic, topics: [topic] })
    },
    output: (topic) => {
      const sink = sinks.find((each) => each.topic === topic) ?? dynamic
      return sink && formatOf(sink)
    },
  }
}

const bytesOf = (step: Extract<Step, { kind: 'record' }>, { sources, input }: Formats) => {
  const topic = step.topic ?? (sources.length === 1 ? sources[0] : undefined)
  if (topic === undefined) {
    const names = sources.map((name) => `"${name}"`).join(', ')
    throw new Error(`line ${step.line}: say which topic, as in "topic | key: value"; the topology reads ${names}`)
  }
  const { key, value } = input(topic)
  const encoded = (serde: Serde<unknown>, text: string | null, what: string): Buffer | null => {
    if (text === null) return null
    try {
      return encode(serde, topic, text)
    } catch (cause) {
      throw new Error(`line ${step.line}: the serde of "${topic}" can't write the ${what} ${text}`, { cause })
    }
  }
  return {
    topic,
    key: encoded(key, step.key, 'key'),
    value: encoded(value, step.value, 'value'),
    timestamp: step.timestamp,
  }
}

/** A serde that writes a text as it is gets the text; any other gets what the text is as JSON, or else the text. */
const encode = (serde: Serde<unknown>, topic: string, text: string): Buffer | null => {
  let value: unknown = text
  if (!isText(serde, topic, text)) {
    try {
      value = JSON.parse(text)
    } catch (error) {
      // anything else is a text, such as a UUID
      if (/^[{["]/.test(text)) throw error
    }
  }
  return serde.serialize(topic, value, NO_HEADERS)
}

const isText = (serde: Serde<unknown>, topic: string, text: string): boolean => {
  try {
    return serde.serialize(topic, text, NO_HEADERS)?.equals(Buffer.from(text)) ?? false
  } catch {
    return false
  }
}

const shown = (
  { topic, key, value, timestamp, headers }: ProducedRecord,
  line: number,
  formats: Formats,
): OutputRecord => {
  const format = formats.output(topic)
  const text = (serde: Serde<unknown> | undefined, bytes: Buffer | null): string | null => {
    if (bytes === null) return null
    // a dead letter has the bytes of its source
    return serde === undefined ? shortened(bytes.toString()) : cellText(serde.deserialize(topic, bytes, headers))
  }
  return { line, key: text(format?.key, key), value: text(format?.value, value), time: timeText(timestamp) }
}

const rowsOf = async (store: StateStore): Promise<{ rows: StoreRow[] | null; more?: number }> => {
  if (!('all' in store)) return { rows: null }
  const rows: StoreRow[] = []
  let more = 0
  for await (const [key, value] of (store as ReadOnlyKeyValueStore<unknown, unknown>).all()) {
    if (rows.length === MAX_ROWS) more++
    else if (isTimestamped(value))
      rows.push({ key: cellText(key), value: cellText(value.value), time: timeText(value.timestamp) })
    else rows.push({ key: cellText(key), value: cellText(value) })
  }
  return more === 0 ? { rows } : { rows, more }
}

const isTimestamped = (value: unknown): value is { value: unknown; timestamp: number } =>
  typeof value === 'object' && value !== null && Object.keys(value).join() === 'value,timestamp'
