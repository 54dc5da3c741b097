import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { KafkaStreams, type ProcessingGuarantee, StreamsBuilder } from '../../lib'
import { connect } from '../../lib/kafka/client'
import { type KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import type { StatefulApp } from '../support/apps/stateful'
import { STATEFUL_FAMILIES, type StatefulFamily } from '../support/apps/stateful-families'
import { feed, type InputRecord, KEYS, repeatableRandom, START } from '../support/input'
import { describeWithKafka } from '../support/kafka-broker'
import { bundled } from '../support/bundled'
import { App } from '../support/process'
import { createTopics, readTopics, type TopicRecord, untilLogged, untilWorkedOff } from '../support/topics'
import { NO_HEADERS } from '../../lib/record/headers'

/** `MILLRACE_FAMILY=join` for those with such a name only. */
const FAMILIES = Object.entries(STATEFUL_FAMILIES).filter(([name]) =>
  name.includes(process.env['MILLRACE_FAMILY'] ?? ''),
)

const RECORDS = 400
const MS_PER_RECORD = 3
const SECONDS_APART = 0.25
const AT_ONCE = 8
/** Of a machine that is busy with other things, too. */
const PATIENCE_MS = 120_000

/** All inputs of a family with one row of times: no record of one is as old as one of another. */
const inputOf = ({ inputs, late, tables = [] }: StatefulFamily): InputRecord[] => {
  const random = repeatableRandom(7)
  return Array.from({ length: RECORDS }, (_, i) => {
    const topic = inputs[random(inputs.length)]!
    const early = late && i > 20 && random(4) === 0 ? random(3_000) : 0
    return {
      topic,
      key: KEYS[random(KEYS.length)]!,
      value: tables.includes(topic) && random(8) === 0 ? null : String(i),
      timestamp: START + i * SECONDS_APART * 1000 - early,
      headers: tables.includes(topic) && random(2) === 0 ? [['n', Buffer.from(String(i))]] : NO_HEADERS,
    }
  })
}

interface Outcome {
  readonly killed: App
  readonly successor: App
  readonly interrupted: readonly TopicRecord[]
  readonly uninterrupted: readonly TopicRecord[]
}

describeWithKafka('an instance with state that is killed, and another one that takes its place', (bootstrapServers) => {
  const kafka = { brokers: bootstrapServers.split(',') }
  const cases = FAMILIES.flatMap(([name, { idempotent }]) => [
    { name, guarantee: 'exactly_once' as ProcessingGuarantee },
    ...(idempotent ? [{ name, guarantee: 'at_least_once' as ProcessingGuarantee }] : []),
  ])
  const outcomes = new Map<string, Promise<Outcome>>()
  const apps: App[] = []
  let folder: string
  let client: KafkaClient

  // Several at once: what takes the time is that Kafka misses the dead.
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-stateful-'))
    client = connect(kafka, { clientId: 'stateful-test', logger: silentLogger })
    const started: Promise<Outcome>[] = []
    for (const [i, { name, guarantee }] of cases.entries()) {
      const begin = (): Promise<Outcome> => run(name, guarantee)
      const outcome = i < AT_ONCE ? begin() : started[i - AT_ONCE]!.then(begin, begin)
      outcome.catch(() => {}) // its own test tells
      started.push(outcome)
      outcomes.set(`${name} ${guarantee}`, outcome)
    }
  })

  afterAll(async () => {
    await Promise.allSettled(outcomes.values())
    await Promise.all(apps.filter((app) => app.running).map((app) => app.kill()))
    await client.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const run = async (name: string, guarantee: ProcessingGuarantee): Promise<Outcome> => {
    const family = STATEFUL_FAMILIES[name]!
    const prefix = `${name.replaceAll(' ', '-')}-${Math.random().toString(36).slice(2, 8)}`
    const topicOf = (topic: string): string => `${prefix}-${topic}`
    const [interruptedId, uninterruptedId] = [topicOf('killed'), topicOf('whole')]
    const outputs = [`${interruptedId}-out`, `${uninterruptedId}-out`] as const
    await createTopics(client, [...family.inputs.map(topicOf), ...outputs])
    const input = inputOf(family)
    await feed(client, input, topicOf)

    const config = {
      kafka,
      processingGuarantee: guarantee,
      commitInterval: 100,
      emitInterval: 0,
      producer: { linger: 5 },
      sessionTimeout: 6000,
      heartbeatInterval: 1000,
      transactionTimeout: 5000,
      // with caches where only the end counts
      statestoreCacheMaxBytes: guarantee === 'exactly_once' ? 0 : 1 << 20,
    }
    const workedOff = (applicationId: string): Promise<void> =>
      untilWorkedOff(client, applicationId, {
        inputs: family.inputs.filter((topic) => !family.global?.includes(topic)).map(topicOf),
        exactlyOnce: guarantee === 'exactly_once',
        timeoutMs: PATIENCE_MS,
      })
    const start = (instance: string): App => {
      const settings: StatefulApp = {
        family: name,
        inputs: prefix,
        output: outputs[0],
        msPerRecord: MS_PER_RECORD,
        config: { ...config, applicationId: interruptedId, stateDir: join(folder, prefix, instance) },
      }
      const app = new App(bundled(resolve(__dirname, '../support/apps/stateful.ts')), {
        env: { STATEFUL: JSON.stringify(settings) },
      })
      apps.push(app)
      return app
    }

    const killed = start('first')
    const taken = input.filter(({ topic }) => !family.global?.includes(topic)).length
    const killAt = Math.floor((taken * (0.3 + Math.random() * 0.5)) / 10) * 10
    if (!family.global) await untilLogged(client, interruptedId, PATIENCE_MS)
    await killed.untilOutput(new RegExp(`taken ${killAt}\\.`), PATIENCE_MS)
    await killed.kill()
    const successor = start('second')
    await successor.untilOutput(/^started/m, PATIENCE_MS)
    await workedOff(interruptedId).catch((error: Error) => {
      throw new Error(`${error.message}\nthe killed one said:\n${killed.output}\nits successor:\n${successor.output}`)
    })
    await successor.stop()

    const builder = new StreamsBuilder()
    family.build(builder, topicOf, outputs[1])
    const streams = new KafkaStreams(builder.build(), {
      ...config,
      applicationId: uninterruptedId,
      stateDir: join(folder, prefix, 'whole'),
      logger: silentLogger,
    })
    await streams.start()
    await workedOff(uninterruptedId)
    await streams.close()

    const records = await readTopics(client, outputs)
    return { killed, successor, interrupted: records.get(outputs[0])!, uninterrupted: records.get(outputs[1])! }
  }

  it.each(cases)(
    '$name ($guarantee): the same results as without a kill',
    async ({ name, guarantee }) => {
      const { killed, successor, interrupted, uninterrupted } = await outcomes.get(`${name} ${guarantee}`)!
      const family = STATEFUL_FAMILIES[name]!
      expect(successor.output).toContain('closed in time')
      for (const app of [killed, successor]) expect(app.output).not.toMatch(/^error|from the beginning|damaged/m)
      expect(Number(/restored (\d+) in all\n(?![\s\S]*in all)/.exec(successor.output)?.[1] ?? 0)).toBeGreaterThan(
        family.global ? -1 : 0,
      )
      const sure = guarantee === 'at_least_once' ? 'last' : (family.sure ?? 'order')
      const expected = byKey(uninterrupted, sure)
      expect(Object.keys(expected).length).toBeGreaterThan(3)
      expect(byKey(interrupted, sure)).toEqual(expected)
    },
    3 * PATIENCE_MS,
  )
})

const byKey = (
  records: readonly TopicRecord[],
  sure: NonNullable<StatefulFamily['sure']>,
): Record<string, string[]> => {
  const keys = new Map<string, string[]>()
  for (const { partition, key, value, timestamp, headers } of records) {
    const shownHeaders = headers.map(([name, bytes]) => `${name}=${bytes?.toString()}`).join(' ')
    // time and headers of the last update are those of the side that came last
    const shown = sure === 'last' ? `${value}` : `${value} at ${timestamp - START} ${shownHeaders}`
    const list = keys.get(`${partition} ${key}`) ?? []
    keys.set(`${partition} ${key}`, list)
    list.push(shown)
  }
  if (sure === 'updates') for (const list of keys.values()) list.sort()
  if (sure === 'last') {
    for (const [key, list] of keys) {
      const last = list.pop()!
      if (last === 'null') keys.delete(key)
      else keys.set(key, [last])
    }
  }
  return Object.fromEntries([...keys].sort())
}
