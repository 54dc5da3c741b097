import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessingGuarantee } from '../../lib/config/config'
import { describeWithOwnKafka, type KafkaCluster, startKafka } from '../support/kafka-broker'
import type { App } from '../support/process'
import { WordCountJob } from '../support/word-count-job'

const GUARANTEES: readonly ProcessingGuarantee[] = ['at_least_once', 'exactly_once']
/** `MILLRACE_OUTAGE=20` for the full test. */
const OUTAGE_SECONDS = Number(process.env['MILLRACE_OUTAGE'] ?? 8)
const WORDS = Number(process.env['MILLRACE_WORDS'] ?? 30_000)

/** Apps of both guarantees live through each failure side by side. */
describeWithOwnKafka('word count while brokers fail', () => {
  let cluster: KafkaCluster
  let folder: string
  let jobs: WordCountJob[]
  let apps: App[]

  afterEach(async () => {
    await Promise.all(jobs.map((job) => job.close()))
    rmSync(folder, { recursive: true, force: true })
  })

  const start = async (replicationFactor?: number): Promise<void> => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-broker-'))
    const replication = replicationFactor === undefined ? {} : { replicationFactor }
    jobs = GUARANTEES.map(() => new WordCountJob({ kafka: cluster.clientConfig(), name: 'broker', ...replication }))
    await Promise.all(jobs.map((job) => job.createTopics()))
    apps = jobs.map((job, i) =>
      job.startApp({
        stateDir: join(folder, String(i)),
        processingGuarantee: GUARANTEES[i]!,
        commitInterval: 100,
        sessionTimeout: 10_000,
        ...replication,
      }),
    )
    await Promise.all(apps.map((app) => app.untilOutput(/^started/m)))
  }

  const produce = (perSecond?: number): Promise<unknown> =>
    Promise.all(jobs.map((job) => job.produce(WORDS, perSecond)))

  /** Nothing lost; nothing repeated either where that is promised. The apps have lived through it and close well. */
  const expectRight = async (): Promise<void> => {
    const over = await Promise.all(jobs.map((job) => job.overcounts()))
    expect(over[GUARANTEES.indexOf('exactly_once')]).toEqual(new Map())
    for (const app of apps) {
      expect(app.running).toBe(true)
      expect(app.output).not.toMatch(/^error/m)
      expect(await app.stop()).toBe(0)
      expect(app.output).toContain('closed in time')
    }
  }

  describe('one broker, behind a proxy', () => {
    beforeAll(async () => {
      cluster = await startKafka({ proxy: true })
    })
    afterAll(() => cluster?.close())

    it(`is away for ${OUTAGE_SECONDS} s and comes back under load`, async () => {
      await start()
      await produce()
      const broker = cluster.brokers[0]!
      await Promise.all(jobs.map((job) => job.countsOnce((counts) => counts.size > 10)))
      await broker.stop()
      await sleep(OUTAGE_SECONDS * 1000)
      await broker.start()
      await produce()
      await expectRight()
    })

    it('has its connections cut and stalled', async () => {
      await start()
      const producing = produce(WORDS / 12)
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
      await expectRight()
    })
  })

  describe('three brokers', () => {
    beforeAll(async () => {
      cluster = await startKafka({ brokers: 3 })
    })
    afterAll(() => cluster?.close())

    it('lose one after the other: leaders and coordinators move', async () => {
      await start(3)
      const producing = produce(WORDS / 15)
      for (const broker of cluster.brokers) {
        await sleep(1000)
        await broker.kill()
        await sleep(3000)
        await broker.start()
      }
      await producing
      await expectRight()
    })
  })
})
