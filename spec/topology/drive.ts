import { type BuildOptions, StreamsBuilder } from '../../lib/dsl/streams-builder'
import { silentLogger } from '../../lib/observe/logger'
import { memoryEngine } from '../../lib/state/memory/memory-engine'
import * as serdes from '../../lib/serdes'
import { TopologyTestDriver, type TestDriverConfig, type TestInputTopic } from '../../lib/testing'
import type { Serde } from '../../lib/serdes/serde'
import type { RecordHeaders } from '../../lib/record/headers'

export const text = { key: serdes.string(), value: serdes.string() }
export const counted = { key: serdes.string(), value: serdes.long() }

export const headers = (...names: string[]): RecordHeaders => names.map((name) => [name, null] as const)

const drivers: TopologyTestDriver[] = []

afterEach(async () => {
  for (const driver of drivers.splice(0)) await driver.close()
})

export interface Driven {
  driver: TopologyTestDriver
  /** Text records into topic `in`. */
  input: TestInputTopic<string, string>
  /** What came out since the last call, as `key=value@timestamp`, with the names of headers behind it. */
  out(topic?: string, value?: Serde<unknown>): string[]
}

/** A topology under test, with string serdes and no record cache unless `config` says otherwise; closed after the test. */
export const drive = (
  build: (builder: StreamsBuilder) => unknown,
  config: TestDriverConfig = {},
  options: BuildOptions = {},
): Driven => {
  const builder = new StreamsBuilder()
  build(builder)
  const driver = new TopologyTestDriver(builder.build(options), {
    applicationId: 'app',
    defaultValueSerde: serdes.string(),
    statestoreCacheMaxBytes: 0,
    initialWallClockTime: 0,
    logger: silentLogger,
    ...config,
  })
  drivers.push(driver)
  const input = driver.inputTopic('in', text)
  const out = (topic = 'out', value: Serde<unknown> = serdes.string() as Serde<unknown>): string[] =>
    driver
      .outputTopic(topic, { key: serdes.string(), value })
      .readRecords()
      .map((record) => {
        const names = record.headers.map(([name]) => ` ${name}`).join('')
        return `${record.key}=${String(record.value)}@${record.timestamp}${names}`
      })
  return { driver, input, out }
}

/** Opening LevelDB takes longer than most of what a spec does with it. */
export const IN_MEMORY = { stateEngine: memoryEngine() }

/** `drive` with all state in memory, unless `config` says otherwise. */
export const driveInMemory = (build: (builder: StreamsBuilder) => unknown, config: TestDriverConfig = {}): Driven =>
  drive(build, { ...IN_MEMORY, ...config })
