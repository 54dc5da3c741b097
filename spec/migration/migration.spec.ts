import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams, type ProcessingGuarantee } from '../../lib'
import { connect } from '../../lib/kafka/client'
import type { KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import { textLogger } from '../../lib/observe/text-logger'
import { compileJava, describeWithJava, describeWithKafka, startJava } from '../support/kafka-broker'
import { feed, START } from '../support/input'
import { createTopics, readTopics, type TopicRecord, untilWorkedOff } from '../support/topics'
import { migratedTopology } from './app'
import { INPUTS, inputStages } from './input'

const OUTPUTS = ['counts', 'limited', 'windowed', 'final', 'sessions', 'joined', 'merged', 'cities', 'named-orders']
const STAGES_A_PHASE = 4
/** Quick to start, as each of them lives for seconds. */
const QUICK_JVM = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xshare:auto']

type Library = 'java' | 'millrace'
interface Settings {
  readonly processingGuarantee: ProcessingGuarantee
  readonly cacheBytes: number
  /** Each start finds no local state, and restores all of it. */
  readonly forgetful: boolean
}
interface Running {
  stop(): Promise<void>
}

const suite = (bootstrapServers: string): void => {
  const kafka = { brokers: bootstrapServers.split(',') }
  let folder: string
  let classes: string
  let client: KafkaClient

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-migration-'))
    classes = join(folder, 'classes')
    client = connect(kafka, { clientId: 'migration-test', logger: silentLogger })
    await compileJava([join(__dirname, 'java', 'MigratedApp.java')], classes)
  })

  afterAll(async () => {
    await client.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const startJavaApp = async (
    inputs: string,
    applicationId: string,
    stateDir: string,
    settings: Settings,
  ): Promise<Running> => {
    const app = await startJava('MigratedApp', [], {
      classpath: [classes],
      jvmArgs: QUICK_JVM,
      env: {
        KAFKA_BOOTSTRAP_SERVERS: bootstrapServers,
        APPLICATION_ID: applicationId,
        STATE_DIR: stateDir,
        INPUTS: inputs,
        GUARANTEE: settings.processingGuarantee,
        CACHE_BYTES: String(settings.cacheBytes),
      },
    })
    await app.untilOutput(/^running/m)
    return {
      stop: async () => {
        app.endInput()
        expect(await app.end()).toBe(0)
        expect(app.output).toMatch(/^closed/m)
      },
    }
  }

  const startMillraceApp = async (
    inputs: string,
    applicationId: string,
    stateDir: string,
    settings: Settings,
  ): Promise<Running> => {
    const streams = new KafkaStreams(migratedTopology(inputs, applicationId), {
      applicationId,
      kafka,
      stateDir,
      processingGuarantee: settings.processingGuarantee,
      statestoreCacheMaxBytes: settings.cacheBytes,
      commitInterval: 100,
      emitInterval: 0,
      producer: { linger: 5 },
      logger: process.env['LOG_LEVEL'] ? textLogger(process.env['LOG_LEVEL'] as 'info') : silentLogger,
    })
    await streams.start()
    return {
      stop: async () => {
        expect(await streams.close()).toBe(true)
      },
    }
  }

  /** Runs Java alone and each of the other orders of libraries on the same input, and gives what all of them have put out. */
  const run = async (
    name: string,
    orders: Readonly<Record<string, readonly [Library, Library, Library]>>,
    settings: Settings,
  ): Promise<Map<string, Map<string, TopicRecord[]>>> => {
    const inputs = `${name}-in-${Math.random().toString(36).slice(2, 8)}`
    const idOf = (order: string): string => `${inputs}-${order}`
    const inputTopics = INPUTS.map((topic) => `${inputs}-${topic}`)
    const outputTopics = (order: string): string[] => OUTPUTS.map((topic) => `${idOf(order)}-${topic}`)
    const all = ['java-alone', ...Object.keys(orders)]
    await createTopics(client, [...inputTopics, ...all.flatMap(outputTopics)])

    const start = (library: Library, order: string, phase: number): Promise<Running> =>
      (library === 'java' ? startJavaApp : startMillraceApp)(
        inputs,
        idOf(order),
        join(folder, idOf(order), settings.forgetful ? `${library}-${phase}` : library),
        settings,
      )
    const stages = inputStages(3 * STAGES_A_PHASE)
    const alone = start('java', 'java-alone', 0)
    const done: Running[] = []
    try {
      for (const phase of [0, 1, 2]) {
        const running = await Promise.all(
          Object.entries(orders).map(([order, libraries]) => start(libraries[phase]!, order, phase)),
        )
        done.push(...running)
        if (phase === 0) done.push(await alone)
        for (const stage of stages.splice(0, STAGES_A_PHASE)) {
          await feed(client, stage, (topic) => `${inputs}-${topic}`)
          const exactlyOnce = settings.processingGuarantee === 'exactly_once'
          await Promise.all(
            all.map((order) => untilWorkedOff(client, idOf(order), { inputs: inputTopics, exactlyOnce })),
          )
        }
        await Promise.all(running.map((app) => app.stop()))
      }
      await (await alone).stop()
    } catch (error) {
      await Promise.allSettled(done.map((app) => app.stop()))
      throw error
    }
    const results = new Map<string, Map<string, TopicRecord[]>>()
    for (const order of all) {
      const read = await readTopics(client, outputTopics(order))
      results.set(order, new Map(OUTPUTS.map((topic) => [topic, read.get(`${idOf(order)}-${topic}`)!])))
    }
    return results
  }

  it('puts out what Java alone does, with every update (at_least_once, without caches)', async () => {
    const results = await run(
      'plain',
      { 'there-and-back': ['java', 'millrace', 'java'], 'first-millrace': ['millrace', 'java', 'millrace'] },
      { processingGuarantee: 'at_least_once', cacheBytes: 0, forgetful: false },
    )
    expectAllEqual(results, (records) => records)
    expectVaried(results.get('java-alone')!)
  })

  it('leaves what Java alone does behind (exactly_once, with caches, local state lost each time)', async () => {
    const results = await run(
      'cached',
      { 'there-and-back': ['java', 'millrace', 'java'] },
      { processingGuarantee: 'exactly_once', cacheBytes: 1 << 20, forgetful: true },
    )
    expectAllEqual(results, (records, topic) => {
      if (topic === 'joined' || topic === 'final') return records
      // What a cache forwards depends on when it is written out: only what is left in the end does not. What a time limit
      // lets through depends on what it has been given.
      return topic === 'limited' ? [] : records.slice(-1).filter(({ value }) => value !== null)
    })
  })
}

describeWithJava('an application that moves between Java and millrace', () => describeWithKafka('on one broker', suite))

/** The input has led to what is worth comparing: matches and misses of each join, deletes, enough of everything. */
const expectVaried = (outputs: ReadonlyMap<string, readonly TopicRecord[]>): void => {
  const values = (topic: string): (string | null)[] => outputs.get(topic)!.map(({ value }) => value)
  const few = OUTPUTS.filter((topic) => values(topic).length < 15)
  expect(few).toEqual([])
  for (const topic of ['joined', 'merged', 'named-orders']) {
    for (const kind of [/\+null$/, /\+(?!null)/]) expect(values(topic)).toContainEqual(expect.stringMatching(kind))
  }
  for (const topic of ['merged', 'named-orders', 'sessions']) expect(values(topic)).toContain(null)
}

/** Topic by topic and key by key. `compared`: of the records of one key. */
const expectAllEqual = (
  results: ReadonlyMap<string, ReadonlyMap<string, readonly TopicRecord[]>>,
  compared: (records: readonly TopicRecord[], topic: string) => readonly TopicRecord[],
): void => {
  const byKey = (records: readonly TopicRecord[], topic: string): Record<string, string[]> => {
    const keys = new Map<string, TopicRecord[]>()
    for (const record of records) {
      const key = `${record.partition} ${record.key}`
      keys.set(key, [...(keys.get(key) ?? []), record])
    }
    const wanted = [...keys].sort().map(([key, list]) => [key, compared(list, topic).map(shown)] as const)
    return Object.fromEntries(wanted.filter(([, list]) => list.length > 0))
  }
  const [expected, ...others] = results.values()
  for (const topic of OUTPUTS) {
    const wanted = byKey(expected!.get(topic)!, topic)
    if (topic !== 'limited') expect(Object.keys(wanted).length).toBeGreaterThan(3)
    for (const actual of others) expect({ topic, ...byKey(actual.get(topic)!, topic) }).toEqual({ topic, ...wanted })
  }
}

const shown = ({ value, timestamp, headers }: TopicRecord): string =>
  `${value === null ? 'null' : JSON.stringify(value)} at ${timestamp - START} ${headers.map(([name, bytes]) => `${name}=${bytes?.toString() ?? 'null'}`).join(' ')}`
