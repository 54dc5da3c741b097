import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessingGuarantee, StreamsConfig } from '../../lib/config/config'
import { connect } from '../../lib/kafka/client'
import type { KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS } from '../../lib/record/headers'
import type { AsyncCallsApp } from '../support/apps/async-calls'
import { describeWithKafka } from '../support/kafka-broker'
import { bundled } from '../support/bundled'
import { App } from '../support/process'

/** `MILLRACE_RECORDS=20000 MILLRACE_KILLS=10` for the full test. */
const RECORDS = Number(process.env['MILLRACE_RECORDS'] ?? 3000)
const KILLS = Number(process.env['MILLRACE_KILLS'] ?? 3)
const KEYS = 200
const PARTITIONS = 4
const SECONDS_BETWEEN_KILLS = 3
/** Longer than a busy machine may stop for. `MILLRACE_TRANSACTION=20` for the full test. */
const TRANSACTION_SECONDS = Number(process.env['MILLRACE_TRANSACTION'] ?? 9)

describeWithKafka('calls of an async operator', (bootstrapServers) => {
  const kafka = { brokers: bootstrapServers.split(',') }
  let folder: string
  let client: KafkaClient
  let id: string
  let apps: App[]

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-async-'))
    id = `async-${Math.random().toString(36).slice(2, 8)}`
    apps = []
    client = connect(kafka, { clientId: `${id}-test`, logger: silentLogger })
    const admin = client.admin()
    await admin.createTopics([
      { topic: `${id}-in`, partitions: PARTITIONS },
      { topic: `${id}-out`, partitions: PARTITIONS },
    ])
    await admin.close()
  })

  afterEach(async () => {
    await Promise.all(apps.filter(({ running }) => running).map((app) => app.kill()))
    await client.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const start = (name: string, config: Partial<StreamsConfig>): App => {
    const settings: AsyncCallsApp = {
      input: `${id}-in`,
      output: `${id}-out`,
      callMs: 50,
      concurrency: 32,
      config: {
        applicationId: id,
        kafka,
        stateDir: join(folder, name),
        commitInterval: 100,
        sessionTimeout: 6000,
        heartbeatInterval: 500,
        producer: { linger: 5 },
        ...config,
      },
    }
    const app = new App(bundled(resolve(__dirname, '../support/apps/async-calls.ts')), {
      env: { ASYNC_CALLS: JSON.stringify(settings) },
    })
    apps.push(app)
    return app
  }

  /** Numbers by key, `perSecond` of them. */
  const produce = async (from: number, to: number, perSecond = Infinity): Promise<void> => {
    const producer = client.producer({ lingerMs: 5 })
    await producer.init()
    await producer.loadTopics([`${id}-in`])
    const began = performance.now()
    for (let i = from; i < to; i++) {
      const key = i % KEYS
      producer.append(
        `${id}-in`,
        key % PARTITIONS,
        Buffer.from(`k${key}`),
        Buffer.from(String(i)),
        Date.now(),
        NO_HEADERS,
      )
      const ahead = ((i - from) / perSecond) * 1000 - (performance.now() - began)
      if (ahead > 20) await sleep(ahead)
    }
    await producer.flush()
    await producer.close()
  }

  /** Committed results by key, in order, once `enough` says so. */
  const results = async (enough: (byKey: ReadonlyMap<string, string[]>) => boolean): Promise<Map<string, string[]>> => {
    const byKey = new Map<string, string[]>()
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    try {
      for (let partition = 0; partition < PARTITIONS; partition++) fetcher.assign(`${id}-out`, partition, 0)
      while (!enough(byKey)) {
        for (const fetched of await fetcher.poll(200)) {
          if (fetched.error) continue
          const cursor = fetched.records()
          while (cursor.advance()) {
            const key = cursor.key!.toString()
            byKey.set(key, [...(byKey.get(key) ?? []), cursor.value!.toString()])
          }
        }
      }
      return byKey
    } finally {
      await fetcher.close()
    }
  }
  const distinct = (byKey: ReadonlyMap<string, string[]>): number =>
    [...byKey.values()].reduce((sum, values) => sum + new Set(values).size, 0)

  describe('while instances are killed', () => {
    const run = async (processingGuarantee: ProcessingGuarantee): Promise<Map<string, string[]>> => {
      const running = ['a', 'b'].map((name) => start(name, { processingGuarantee }))
      await Promise.all(running.map((app) => app.untilOutput(/^started/m)))
      const producing = produce(0, RECORDS, RECORDS / (KILLS * SECONDS_BETWEEN_KILLS))
      for (let kill = 0; kill < KILLS; kill++) {
        await sleep(SECONDS_BETWEEN_KILLS * 1000)
        const victim = kill % 2
        expect(await running[victim]!.kill()).toBe('SIGKILL')
        running[victim] = start(['a', 'b'][victim]!, { processingGuarantee })
      }
      await producing
      const byKey = await results((now) => distinct(now) === RECORDS)
      for (const app of running) {
        await app.untilOutput(/^started/m)
        expect(await app.stop()).toBe(0)
      }
      for (const app of apps) expect(app.output).not.toMatch(/^error/m)
      return byKey
    }
    const truth = new Map(
      Array.from({ length: KEYS }, (_, key) => [
        `k${key}`,
        Array.from({ length: Math.ceil((RECORDS - key) / KEYS) }, (_, i) => String(key + i * KEYS)),
      ]),
    )

    it('exactly_once: each result is there once, in order by key', async () => {
      expect(await run('exactly_once')).toEqual(truth)
    })

    it('at_least_once: no result is lost', async () => {
      const byKey = await run('at_least_once')
      expect(new Map([...byKey].map(([key, values]) => [key, new Set(values)]))).toEqual(
        new Map([...truth].map(([key, values]) => [key, new Set(values)])),
      )
    })
  })

  it('one that outlasts the transaction several times holds no other result back', async () => {
    const app = start('a', {
      processingGuarantee: 'exactly_once',
      transactionTimeout: TRANSACTION_SECONDS * 1000,
      sessionTimeout: '45s',
    })
    await app.untilOutput(/^started/m)
    const producer = client.producer({ lingerMs: 0 })
    await producer.init()
    await producer.loadTopics([`${id}-in`])
    producer.append(`${id}-in`, 0, Buffer.from('slow'), Buffer.from('held'), Date.now(), NO_HEADERS)
    await producer.flush()
    await producer.close()
    await app.untilOutput(/^holding/m)
    const began = performance.now()
    let sent = 0
    while (performance.now() - began < 2.5 * TRANSACTION_SECONDS * 1000) {
      await produce(sent, sent + 20)
      sent += 20
      const byKey = await results((now) => distinct(now) >= sent)
      expect(byKey.has('slow')).toBe(false)
    }
    app.write('answer\n')
    const byKey = await results((now) => distinct(now) === sent + 1)
    expect(byKey.get('slow')).toEqual(['held'])
    expect(app.output.match(/^holding/gm)).toHaveLength(1)
    expect(app.output).not.toMatch(/^error|WARN/m)
    expect(await app.stop()).toBe(0)
  })
})
