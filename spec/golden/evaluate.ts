import { deadLetterTopic, logAndContinue } from '../../lib/handlers'
import * as serdes from '../../lib/serdes'
import { type TestDriverConfig, TopologyTestDriver } from '../../lib/testing'
import type { ProducedRecord } from '../../lib/testing'
import { compileTopology } from '../../lib/topology/compile/compile-topology'
import type { SubTopology } from '../../lib/topology/definition'
import {
  logAndSkipOnInvalidTimestamp,
  usePartitionTimeOnInvalidTimestamp,
  wallclockTimestampExtractor,
} from '../../lib/topology/timestamp-extractors'
import { buildTopology } from './build'
import type {
  GoldenCase,
  GoldenHeader,
  GoldenInputRecord,
  GoldenInternalTopics,
  GoldenRecord,
  JavaConfig,
  StoreRow,
  Variant,
} from './case'
import { compare, compareRun, type Observed } from './compare'
import type { Topology } from './java/topology'
import { withoutDefect } from './not-copied'
import { storeRows } from './store-rows'
import type { RecordHeaders } from '../../lib/record/headers'

/** The differences between a recorded run of Java, its variants included, and ours. */
export async function evaluate(recorded: GoldenCase): Promise<string[]> {
  const golden = withoutDefect(recorded)
  const differences = compare(golden, await run(golden, golden.config))
  if (golden.buildError) return differences
  for (const name of ['withCache', 'withoutCache', 'withInMemoryStores'] as const) {
    const variant = golden[name]
    if (!variant) continue
    const observed = await run(golden, { ...golden.config, ...variant.config })
    const found = observed.buildError
      ? [`failed in phase ${observed.buildError.phase}: ${String(observed.buildError.error)}`]
      : compareRun(variantOf(golden, variant), observed, golden.unordered !== undefined)
    differences.push(...found.map((difference) => `${name}: ${difference}`))
  }
  return differences
}

const variantOf = (golden: GoldenCase, variant: Variant): Variant & GoldenCase => ({
  ...golden,
  ...variant,
  // A variant that fails where the main run does not says so; one that no longer fails has its outputs in full.
  error: variant.error ?? (variant.outputs && !('error' in variant) && golden.error ? undefined : golden.error),
})

async function run(golden: GoldenCase, config: JavaConfig): Promise<Observed> {
  const trace: Array<{ after: number; text: string }> = []
  const outputs: GoldenRecord[] = []
  const changelogs: GoldenRecord[] = []
  let after = -1
  const nothing = { describe: null, outputs, changelogs, stores: {}, droppedRecords: 0, trace }

  let topology: Topology
  try {
    topology = buildTopology({ ...golden, config }, (text) => trace.push({ after, text }))
  } catch (error) {
    return { ...nothing, buildError: { phase: isOfTheFacade(error) ? ('driver' as const) : 'build', error } }
  }

  let driver: TopologyTestDriver
  try {
    driver = new TopologyTestDriver(topology.topology, driverConfig(golden, config))
    after = 0
    await driver.start()
  } catch (error) {
    return { ...nothing, buildError: { phase: 'driver', error } }
  }

  const collect = (): void => {
    for (const record of driver.produced()) {
      const list = isInternal(record.topic) ? changelogs : outputs
      list.push(goldenRecord(record, after))
    }
  }

  try {
    collect()
    for (after = 0; after < golden.inputs.length; after++) {
      const input = golden.inputs[after]!
      try {
        if ('advanceWallClockMs' in input) await driver.advanceWallClockTime(input.advanceWallClockMs)
        else await driver.pipeRaw(rawRecord(input))
      } catch (failure) {
        collect()
        return {
          ...nothing,
          error: { after, chain: [] },
          failure,
          describe: topology.topology.describe(),
          internalTopics: internalTopics(topology, config),
        }
      }
      collect()
    }
    const stores: Record<string, StoreRow[]> = {}
    for (const [name, store] of driver.stores()) if (store !== null) stores[name] = await storeRows(store)
    return {
      ...nothing,
      describe: topology.topology.describe(),
      stores,
      internalTopics: internalTopics(topology, config),
      droppedRecords: driver.recordCounts().dropped,
    }
  } finally {
    await driver.close()
  }
}

/** A method or class that the facade lacks must never pass for an error of the library. */
const isOfTheFacade = (error: unknown): boolean => error instanceof ReferenceError || error instanceof TypeError

function driverConfig(golden: GoldenCase, config: JavaConfig): TestDriverConfig {
  const extractor = config['default.timestamp.extractor']
  const deadLetters = config['errors.dead.letter.queue.topic.name']
  const handler = (key: string) => {
    const continues = String(config[key] ?? '').includes('LogAndContinue')
    if (deadLetters !== undefined)
      return deadLetterTopic(String(deadLetters), { then: continues ? 'continue' : 'fail' })
    return continues ? logAndContinue() : undefined
  }
  return {
    applicationId: String(config['application.id']),
    initialWallClockTime: golden.initialWallClockMs,
    partitions: golden.partitions,
    defaultKeySerde: serdes.string(),
    defaultValueSerde: serdes.string(),
    statestoreCacheMaxBytes: Number(config['statestore.cache.max.bytes']),
    ...(emitInterval(config) !== undefined && { emitInterval: emitInterval(config) }),
    maxTaskIdle: Number(config['max.task.idle.ms'] ?? 0),
    deserializationExceptionHandler: handler('deserialization.exception.handler'),
    processingExceptionHandler: handler('processing.exception.handler'),
    ...(extractor !== undefined && { defaultTimestampExtractor: timestampExtractor(String(extractor)) }),
    logger: { debug() {}, info() {}, warn() {}, error() {} },
  } as TestDriverConfig
}

/** Java has one for windows and one for joins. */
function emitInterval(config: JavaConfig): number | undefined {
  const key = Object.keys(config).find((name) => name.startsWith('__emit.interval.ms'))
  return key === undefined ? undefined : Number(config[key])
}

function timestampExtractor(className: string): unknown {
  if (className.endsWith('UsePartitionTimeOnInvalidTimestamp')) return usePartitionTimeOnInvalidTimestamp
  if (className.endsWith('LogAndSkipOnInvalidTimestamp')) return logAndSkipOnInvalidTimestamp
  if (className.endsWith('WallclockTimestampExtractor')) return wallclockTimestampExtractor
  throw new Error(`the runner knows no timestamp extractor ${className}`)
}

const INTERNAL = /-(changelog|repartition|subscription-registration-topic|subscription-response-topic)$/i
const FOREIGN_KEY = /KTABLE-FK-JOIN-SUBSCRIPTION-(REGISTRATION|RESPONSE)-\d{10}-topic$/
const isInternal = (topic: string): boolean => INTERNAL.test(topic) || FOREIGN_KEY.test(topic)

const rawRecord = (input: GoldenInputRecord) => ({
  topic: input.topic,
  key: fromBase64(input.keyB64),
  value: fromBase64(input.valueB64),
  timestamp: input.timestamp,
  headers: (input.headers ?? []).map((header) => [header.key, fromBase64(header.valueB64)] as const) as RecordHeaders,
})

function goldenRecord(record: ProducedRecord, after: number): GoldenRecord {
  return {
    after,
    topic: record.topic,
    keyB64: toBase64(record.key),
    valueB64: toBase64(record.value),
    timestamp: record.timestamp,
    headers: record.headers.map(([key, value]): GoldenHeader => ({ key, valueB64: toBase64(value) })),
    ...(record.partition !== undefined && { partition: record.partition }),
  }
}

const fromBase64 = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text, 'base64'))
const toBase64 = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null

function internalTopics(topology: Topology, config: JavaConfig): GoldenInternalTopics {
  const additionalMs = config['windowstore.changelog.additional.retention.ms']
  const topicConfigs = Object.entries(config).flatMap(([name, value]) =>
    name.startsWith('topic.') ? [[name.slice('topic.'.length), String(value)] as const] : [],
  )
  const compiled = compileTopology(topology.topology.definition, {
    applicationId: 'golden',
    topicConfig: Object.fromEntries(topicConfigs),
    ...(additionalMs !== undefined && { windowStoreChangelogAdditionalRetentionMs: Number(additionalMs) }),
  })
  const changelogs = compiled.subTopologies.flatMap((sub) => sub.stores)
  return {
    storeToChangelog: Object.fromEntries([
      ...changelogs.flatMap(({ definition, changelogTopic }) =>
        changelogTopic === null ? [] : [[definition.builder.name, changelogTopic]],
      ),
      ...compiled.global.stores.map(({ builder, topic }) => [builder.name, topic]),
    ]),
    // Java lists no topics of a sub-topology before its patterns have found any.
    subtopologies: compiled.subTopologies
      .filter((sub) => sub.sourceTopics.length > 0)
      .map((sub) => ({
        subtopology: sub.id,
        sourceTopics: sub.sourceTopics,
        sinkTopics: sub.sinkTopics,
        repartitionSourceTopics: topics(sub.repartitionSourceTopics),
        stateChangelogTopics: { ...topics(sub.changelogTopics), ...sourceTopicsAsChangelogs(sub) },
      })),
    copartitionGroups: compiled.copartitionGroups.map((group) => group.topics),
  }
}

/** Java lists them as if it made them. */
const sourceTopicsAsChangelogs = (sub: SubTopology): Topics =>
  Object.fromEntries(
    sub.stores.flatMap(({ definition }) =>
      definition.sourceTopicAsChangelog === undefined
        ? []
        : [
            [
              definition.sourceTopicAsChangelog,
              { config: { 'cleanup.policy': 'compact', 'message.timestamp.type': 'CreateTime' } },
            ],
          ],
    ),
  )

type Topics = GoldenInternalTopics['subtopologies'][number]['repartitionSourceTopics']

const topics = (
  found: ReadonlyMap<string, { config: Readonly<Record<string, string>>; partitions?: number }>,
): Topics =>
  Object.fromEntries(
    [...found].map(([name, { config, partitions }]) => [
      name,
      { config, ...(partitions !== undefined && { partitions }) },
    ]),
  )
