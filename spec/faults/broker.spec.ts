import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessingGuarantee, StreamsConfig } from '../../lib/config'
import { describeWithOwnKafka, type KafkaCluster, startKafka } from '../support/kafka-broker'
import type { App } from '../support/process'
import { WordCountJob } from '../support/word-count-job'

const GUARANTEES: readonly ProcessingGuarantee[] = ['at_least_once', 'exactly_once']
/** `MILLRACE_OUTAGE=20` for the full test. */
const OUTAGE_SECONDS = Number(process.env['MILLRACE_OUTAGE'] ?? 8)
const WORDS = Number(process.env['MILLRACE_WORDS'] ?? 30_000)

describeWithOwnKafka('word count while brokers fail', () => {
  let cluster: KafkaCluster
  let folder: string
  let job: WordCountJob

  afterEach(async () => {
    await job.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const prepare = async (replicationFactor?: number): Promise<void> => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-broker-'))
    job = new WordCountJob({
      kafka: cluster.clientConfig(),
      name: 'broker',
      ...(replicationFactor === undefined ? {} : { replicationFactor }),
    })
    await job.createTopics()
  }

  const start = async (processingGuarantee: ProcessingGuarantee, config: Partial<StreamsConfig> = {}): Promise<App> => {
    const app = job.startApp({
      stateDir: folder,
      processingGuarantee,
      commitInterval: 100,
      sessionTimeout: 10_000,
      ...config,
    })
    await app.untilOutput(/^started/m)
    return app
  }

  /** Nothing lost; nothing repeated either where that is promised. The app has lived through it and closes well. */
  const expectRight = async (app: App, guarantee: ProcessingGuarantee): Promise<void> => {
    const over = await job.overcounts()
    if (guarantee === 'exactly_once') expect(over).toEqual(new Map())
    expect(app.running).toBe(true)
    expect(app.output).not.toMatch(/^error/m)
    expect(await app.stop()).toBe(0)
    expect(app.output).toContain('closed in time')
  }

  describe('one broker, behind a proxy', () => {
    beforeAll(async () => {
      cluster = await startKafka({ proxy: true })
    })
    afterAll(async () => {
      await cluster.close()
    })

    it.each(GUARANTEES)(`is away for ${OUTAGE_SECONDS} s and comes back under load (%s)`, async (guarantee) => {
      await prepare()
      const app = await start(guarantee)
      await job.produce(WORDS)
      const broker = cluster.brokers[0]!
      await job.countsOnce((counts) => counts.size > 10)
      await broker.stop()
      await sleep(OUTAGE_SECONDS * 1000)
      await broker.start()
      await job.produce(WORDS)
      await expectRight(app, guarantee)
    })

    it.each(GUARANTEES)('has its connections cut and stalled (%s)', async (guarantee) => {
      await prepare()
      const app = await start(guarantee)
      const producing = job.produce(WORDS, WORDS / 12)
      const proxy = cluster.brokers[0]!.proxy!
      for (let cut = 0; cut < 4; cut++) {
        await sleep(700)
        proxy.cut()
      }
      await sleep(1000)
      proxy.stall()
      await sleep(4000)
      proxy.heal()
      await producing
      await expectRight(app, guarantee)
    })
  })

  describe('three brokers', () => {
    beforeAll(async () => {
      cluster = await startKafka({ brokers: 3 })
    })
    afterAll(async () => {
      await cluster.close()
    })

    it.each(GUARANTEES)('lose one after the other: leaders and coordinators move (%s)', async (guarantee) => {
      await prepare(3)
      const app = await start(guarantee, { replicationFactor: 3 })
      const producing = job.produce(WORDS, WORDS / 15)
      for (const broker of cluster.brokers) {
        await sleep(1000)
        await broker.kill()
        await sleep(3000)
        await broker.start()
      }
      await producing
      await expectRight(app, guarantee)
    })
  })
})
