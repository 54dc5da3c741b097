import { setImmediate } from 'node:timers/promises'
import { type FetchedPartition } from '../../../../lib/kafka/port'
import type { Logger } from '../../../../lib/observe/logger'
import { Processing, type ProcessingOptions } from '../../../../lib/runtime/processing/processing'
import type { TaskConfig } from '../../../../lib/runtime/processing/task-config'
import { memoryEngine } from '../../../../lib/state/memory/memory-engine'
import { TaskStores, type TaskStoresOptions } from '../../../../lib/runtime/tasks/task-stores'
import * as serdes from '../../../../lib/serdes'
import { PipedCursor } from '../../../../lib/testing/piped-records'
import { RecordingCollector } from '../../../../lib/testing/recording-collector'
import { compileTopology } from '../../../../lib/topology/compile/compile-topology'
import type { Topology } from '../../../../lib/topology/topology'
import { NO_HEADERS, type RecordHeaders } from '../../../../lib/record/headers'
import type { TopicPartition } from '../../../../lib/record/topic-partition'

export interface LogEntry {
  level: string
  message: string
  fields: Record<string, unknown>
}

export const recordingLogger = (): Logger & { entries: LogEntry[] } => {
  const entries: LogEntry[] = []
  const at = (level: string) => (fields: object, message: string) =>
    void entries.push({ level, message, fields: fields as Record<string, unknown> })
  return { entries, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

export interface FetchedRecord {
  offset: number
  timestamp?: number
  key?: string | Buffer | null
  value?: string | Buffer | null
  headers?: RecordHeaders
}

/** What it has given is overwritten on release, as by the next response. */
class ReleasedCursor extends PipedCursor {
  private readonly given: Buffer[] = []

  override advance(): boolean {
    const advanced = super.advance()
    if (advanced) this.given.push(this.bytes)
    return advanced
  }

  override headers(): RecordHeaders {
    const headers = super.headers()
    for (const [, value] of headers) if (value !== null) this.given.push(value)
    return headers
  }

  release(): void {
    for (const bytes of this.given) bytes.fill(0xee)
  }
}

const bytes = (data: string | Buffer | null | undefined): Buffer | null =>
  data === null || data === undefined ? null : Buffer.from(data as string)

export const fetched = (
  { topic, partition }: TopicPartition,
  records: readonly FetchedRecord[],
  nextOffset = (records.at(-1)?.offset ?? -1) + 1,
  endOffset = nextOffset,
  leaderEpoch = -1,
): FetchedPartition => {
  const cursor = new ReleasedCursor(
    records.map(({ offset, timestamp = 0, key, value, headers = NO_HEADERS }) => ({
      topic,
      partition,
      offset,
      timestamp,
      key: bytes(key),
      value: bytes(value),
      headers,
    })),
  )
  return {
    topic,
    partition,
    nextOffset,
    leaderEpoch,
    endOffset,
    logStartOffset: 0,
    sizeInBytes: 0,
    records: () => Object.assign(cursor, { leaderEpoch }),
    release: () => cursor.release(),
  }
}

export interface TaskUnderTest {
  task: Processing
  stores: TaskStores
  collector: RecordingCollector
  logger: ReturnType<typeof recordingLogger>
  clock: { time: number; now(): number }
  /** Processes until nothing is ready; gives the values sent to topic `out`. */
  run(): string[]
  sent(topic?: string): string[]
}

export const taskOf = async (
  topology: Topology,
  inputPartitions: readonly TopicPartition[],
  config: Partial<TaskConfig> = {},
  options: Partial<ProcessingOptions> & Pick<Partial<TaskStoresOptions>, 'cache' | 'fetching'> = {},
): Promise<TaskUnderTest> => {
  const { subTopologies } = compileTopology(topology.definition, { applicationId: 'app' })
  const logger = recordingLogger()
  const collector = new RecordingCollector({})
  const clock = { time: 0, now: () => clock.time }
  const taskConfig: TaskConfig = {
    applicationId: 'app',
    defaultKeySerde: serdes.string(),
    defaultValueSerde: serdes.string(),
    maxTaskIdleMs: 0,
    bufferedRecordsPerPartition: 1000,
    slowCallbackWarningMs: 5000,
    emitIntervalMs: 0,
    ...config,
  }
  const { cache, fetching, ...others } = options
  const stores = await TaskStores.open({
    ...taskConfig,
    id: '0_0',
    subTopologies,
    partition: 0,
    engine: memoryEngine(),
    directory: null,
    cache,
    ...(fetching && { fetching }),
    logger,
  })
  const task = new Processing({
    stores,
    subTopologies,
    inputPartitions,
    collector,
    config: taskConfig,
    clock,
    logger,
    ...others,
  })
  const sent = (topic = 'out'): string[] =>
    collector.take().flatMap((record) => (record.topic === topic ? (record.value?.toString() ?? 'null') : []))
  const run = (): string[] => {
    while (task.process());
    return sent()
  }
  return { task, stores, collector, logger, clock, run, sent }
}

/** Lets everything that has settled be noticed. */
export const settled = async (): Promise<void> => {
  for (let i = 0; i < 5; i++) await setImmediate()
}

/** A promise to be settled from outside. */
export const deferred = (): { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } => {
  let resolve!: () => void
  let reject!: (error: Error) => void
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
