import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isObject, kind, OBJECT, options as optionsOf, requireArgument } from '../arguments'
import { resolveConfig, type StreamsConfig } from '../config/config'
import { StreamsError } from '../errors'
import { tpKey } from '../record/topic-partition'
import type { RunSummary } from '../runtime/bounded/run-options'
import { KafkaStreams } from '../runtime/kafka-streams'
import type { Topology } from '../topology/topology'
import { Drain } from './drain'
import { Feed } from './feed'
import { FileRunKafka, TOPIC_CONFIG } from './file-run-kafka'
import type { FileInput, FileOutput, FileWriter } from './file'
import { planTopics } from './plan'

/** What a topology reads and writes. */
export interface FileRunOptions {
  /** A file for each source topic, by its name. */
  inputs: Readonly<Record<string, FileInput>>
  /** Files for sink topics, by their names. Records of topics without a file are dropped. Default: none. */
  outputs?: Readonly<Record<string, FileOutput>>
  /** The rest of the application's configuration. Default: that of `KafkaStreams`. */
  config?: Partial<Omit<StreamsConfig, 'kafka' | 'processingGuarantee' | 'stateDir'>>
}

/** Records between a file and the topology, or between the topology and a file, above which reading pauses. */
const MAX_BEHIND = 4_000
const LOOK_AGAIN_MS = 5

/**
 * Runs a topology on files, from the first record to the last: a backfill, a report or a test with the topology that runs as a service. No broker is
 * needed: topics are in memory, with one partition each, and hold what is on its way, so that files can be larger than memory. All windows are
 * closed at the end. Files are read in the order of their records' timestamps; where these are equal, in the order of `inputs`.
 *
 * @example
 * const { read, written } = await runOnFiles(topology, {
 *   inputs: { orders: ndjson<Order>('orders.ndjson', { key: (order) => order.id, timestamp: (order) => order.createdAt }) },
 *   outputs: { totals: csv('totals.csv', { row: (total, customer) => ({ customer, total }) }) },
 * })
 *
 * @throws StreamsError INVALID_ARGUMENT if files and topics don't match, FILE_FAILED with file and line, MISSING_PACKAGE; what the application fails
 * with, with the file and line of the record that was being processed
 */
export async function runOnFiles(topology: Topology, options: FileRunOptions): Promise<RunSummary> {
  requireArgument(options, RUN_OPTIONS, 'runOnFiles', 'options')
  const { inputs, outputs = {}, config = {} } = options
  const folder = await mkdtemp(join(tmpdir(), 'millrace-files-'))
  const applicationId = 'files'
  const kafka = new FileRunKafka((topic) => topic.startsWith(`${config.applicationId ?? applicationId}-`))
  const settings: StreamsConfig = {
    applicationId,
    // what is committed frees memory, and lets reading continue
    commitInterval: 25,
    repartitionPurgeInterval: 1000,
    ...config,
    kafka,
    stateDir: folder,
    // the isolation of transactions: records of several files become visible in the right order
    processingGuarantee: 'exactly_once',
  }
  try {
    const plan = planTopics(topology, Object.keys(inputs), Object.keys(outputs), resolveConfig(settings))
    for (const topic of plan.topics) await kafka.createTopic(topic, 1, TOPIC_CONFIG)
    const streams = new KafkaStreams(topology, settings)
    return await new FileRun(kafka, streams, settings.applicationId, options, plan).run()
  } finally {
    await kafka.close()
    await rm(folder, { recursive: true, force: true })
  }
}

const FILES = kind('files by the names of their topics', isObject)
const RUN_OPTIONS = optionsOf<FileRunOptions>({ inputs: FILES, outputs: FILES, config: OBJECT }, ['inputs'])

class FileRun {
  readonly #stop = new AbortController()
  readonly #failed = new AbortController()
  readonly #writers: FileWriter[] = []

  constructor(
    private readonly kafka: FileRunKafka,
    private readonly streams: KafkaStreams,
    private readonly applicationId: string,
    private readonly options: FileRunOptions,
    private readonly plan: ReturnType<typeof planTopics>,
  ) {}

  async run(): Promise<RunSummary> {
    const { inputs } = this.options
    const client = this.kafka.client()
    const admin = client.admin()
    const writers = await this.#openOutputs()
    const drains: Drain[] = []
    for (const topic of this.plan.written) {
      const writer = writers.get(topic)
      const file = writer && { serdes: this.plan.outputs.get(topic)!, writer }
      const committed = async (): Promise<number> =>
        (await admin.groupOffsets(this.applicationId)).get(tpKey(topic, 0))?.offset ?? 0
      const readUpTo = this.plan.readBack.has(topic) ? committed : undefined
      drains.push(new Drain({ topic, file, readUpTo, fetcher: client.fetcher({ isolation: 'read_committed' }), admin }))
    }
    const producer = client.producer({ transactionalId: 'files', maxRequestBytes: Infinity })
    await producer.init()
    await producer.loadTopics([...this.plan.inputs.keys()])
    const feedOf = (isGlobal: boolean): Feed => {
      const files = new Map(Object.entries(inputs).filter(([topic]) => this.plan.globals.has(topic) === isGlobal))
      const { inputs: serdes, readBack: shared } = this.plan
      return new Feed({ files, serdes, shared, producer, admin, now: Date.now() })
    }
    const [globals, feed] = [feedOf(true), feedOf(false)]
    const work: Promise<unknown>[] = []
    const started = <T>(promise: Promise<T>): Promise<T> => {
      work.push(promise)
      promise.catch((error: unknown) => this.#failed.abort(error))
      return promise
    }
    try {
      await globals.run(async () => {})
      const running = started(this.streams.run({ until: this.#stop.signal, final: true }))
      const draining = drains.map((drain) => started(drain.run(this.#failed.signal)))
      await feed.run(async () => {
        for (;;) {
          this.#failed.signal.throwIfAborted()
          const committed = await admin.groupOffsets(this.applicationId)
          await feed.processed(committed)
          const unwritten = await Promise.all(drains.map((drain) => drain.behind()))
          if (Math.max(feed.behind(committed), ...unwritten) < MAX_BEHIND) return
          await pause(LOOK_AGAIN_MS)
        }
      })
      this.#stop.abort()
      const summary = await running
      for (const drain of drains) drain.complete()
      await Promise.all(draining)
      for (const writer of this.#writers.splice(0)) await writer.close()
      return summary
    } catch (error) {
      this.#failed.abort(error)
      await this.streams.close()
      await Promise.allSettled(work)
      throw located(this.#failed.signal.reason, feed)
    } finally {
      await feed.close()
      await globals.close()
      await this.#closeOutputs()
    }
  }

  /** Opening a file empties it: none may be one that is read, or is open already. */
  async #openOutputs(): Promise<Map<string, FileWriter>> {
    const { inputs, outputs = {} } = this.options
    const taken = new Map<string | undefined, string>()
    for (const [topic, { path }] of Object.entries(inputs)) taken.set(await identityOf(path), `inputs.${topic}`)
    const writers = new Map<string, FileWriter>()
    try {
      for (const [topic, file] of Object.entries(outputs)) {
        const found = await identityOf(file.path)
        const other = found && taken.get(found)
        if (other) {
          const problem = `outputs.${topic} would overwrite ${file.path}, which is the file of ${other}`
          throw new StreamsError('INVALID_ARGUMENT', `runOnFiles: ${problem}: write to a file of its own`)
        }
        const writer = await file.open()
        this.#writers.push(writer)
        writers.set(topic, writer)
        taken.set(await identityOf(file.path), `outputs.${topic}`)
      }
    } catch (error) {
      await this.#closeOutputs()
      throw error
    }
    return writers
  }

  async #closeOutputs(): Promise<void> {
    for (const writer of this.#writers) await writer.close().catch(() => {})
  }
}

/** What tells two names of one file; undefined for what is no file, such as a pipe. */
const identityOf = async (path: string): Promise<string | undefined> => {
  const found = await stat(path).catch(() => undefined)
  return found?.isFile() ? `${found.dev}:${found.ino}` : undefined
}

/** With the file and line of the record that was being processed. */
const located = (error: unknown, feed: Feed): unknown => {
  if (!(error instanceof StreamsError)) return error
  const { topic, offset } = error.location
  const place = topic === undefined || offset === undefined ? undefined : feed.placeOf(topic, offset)
  if (place === undefined) return error
  return new StreamsError(error.code, `${place}: ${error.message}`, error.location, { cause: error })
}
