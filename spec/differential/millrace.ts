import { deadLetterTopic, serdes, StreamsError } from '../../lib'
import { type ProducedRecord, TopologyTestDriver } from '../../lib/testing'
import type { Serde } from '../../lib/serdes/serde'
import { Windowed } from '../../lib/record/windowed'
import { storeRows } from '../golden/store-rows'
import { interpret } from './interpret'
import { text } from './functions'
import type { Input, Program, Result, Row } from './program'

/** Runs a program in millrace's test driver. */
export const runMillrace = async (program: Program): Promise<Result> => {
  const records: Record<string, Row[]> = {}
  const logged: ProducedRecord[] = []
  let now = program.start
  const start = async (): Promise<TopologyTestDriver> => {
    const driver = new TopologyTestDriver(interpret(program), {
      applicationId: 'app',
      initialWallClockTime: now,
      defaultKeySerde: serdes.string() as Serde<unknown>,
      defaultValueSerde: serdes.string() as Serde<unknown>,
      statestoreCacheMaxBytes: program.config.cache,
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      changelogs: logged,
      ...(program.config.deadLetters && { processingExceptionHandler: deadLetterTopic('dlq') }),
    })
    await driver.start()
    return driver
  }
  const collect = (driver: TopologyTestDriver, after: number): void => {
    for (const record of driver.produced()) {
      const { topic, key, value, timestamp, partition, headers } = record
      const texts = headers.flatMap(([name, bytes]) => [name, readable(bytes)])
      ;(records[topic] ??= []).push([after, readable(key), readable(value), timestamp, partition ?? null, ...texts])
      logged.push(record)
    }
  }

  let driver: TopologyTestDriver
  let describe: string
  try {
    describe = interpret(program).describe()
    driver = await start()
  } catch (error) {
    return { refused: messages(error) }
  }
  try {
    for (const [i, input] of program.inputs.entries()) {
      try {
        if (i === program.restartAt) {
          await driver.close()
          driver = await start()
          for (const before of program.inputs.slice(0, i)) if (isGlobal(program, before)) await pipe(driver, before)
          collect(driver, i)
        }
        if (typeof input === 'number') now += input
        await pipe(driver, input)
        if (typeof input !== 'number') logged.push(asLogged(input))
      } catch (error) {
        return { describe, records, failed: { at: i, message: messages(error) } }
      }
      collect(driver, i)
    }
    const stores: Record<string, unknown[][]> = {}
    for (const [name, store] of driver.stores()) {
      if (store !== null) stores[name] = (await storeRows(store)).flatMap(shownRows)
    }
    return { describe, records, stores, dropped: driver.recordCounts().dropped }
  } finally {
    // what fails was told by the input that failed
    await driver.close().catch(() => {})
  }
}

const pipe = async (driver: TopologyTestDriver, input: Input): Promise<void> => {
  if (typeof input === 'number') return driver.advanceWallClockTime(input)
  return driver.pipeRaw(asLogged(input))
}

const asLogged = ([topic, key, value, timestamp, header]: Exclude<Input, number>): ProducedRecord => ({
  topic,
  key: key === null ? null : Buffer.from(key),
  value: value === null ? null : Buffer.from(value),
  timestamp,
  headers: header === undefined ? [] : [['h', Buffer.from(header)]],
})

const isGlobal = ({ ops }: Program, input: Input): boolean =>
  typeof input !== 'number' && ops.some(({ op, topic }) => op === 'globalTable' && topic === input[0])

/** Printable text as it is, other bytes as `~` and base64. */
export const readable = (bytes: Buffer | null): string | null => {
  if (bytes === null) return null
  const latin = bytes.toString('latin1')
  return /^(?!~)[ -~]*$/.test(latin) ? latin : `~${bytes.toString('base64')}`
}

/** A row of a golden case, or one for each of its versions, as Java shows it here. */
const shownRows = (row: readonly unknown[]): unknown[][] => {
  const [key, value, timestamp, versions] = row as [unknown, unknown, number | null, Version[] | undefined]
  const shown = shownKey(key)
  if (versions) return versions.map((version) => [shown, text(version.value), version.timestamp, version.validTo ?? -1])
  return [timestamp === null ? [shown, text(value)] : [shown, text(value), timestamp]]
}

interface Version {
  readonly value: unknown
  readonly timestamp: number
  readonly validTo: number | null
}

const shownKey = (key: unknown): string => {
  if (typeof key !== 'object' || key === null || !('window' in key)) return text(key)
  const { key: inner, window } = key as { key: unknown; window: { start: number; end: number } }
  return text(new Windowed(inner, { start: window.start, end: window.end === 2 ** 63 ? Infinity : window.end }))
}

const messages = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const code = error instanceof StreamsError ? error.code : error.name
  return `${code}: ${error.message}${error.cause === undefined ? '' : `; ${messages(error.cause)}`}`
}
