import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StreamsConfig } from '../../lib/config/config'
import { describeWithKafka } from '../support/kafka-broker'
import type { App } from '../support/process'
import { WordCountJob } from '../support/word-count-job'

/** Under full load, several operators' callbacks are timed together, and named together. */
const TOOK_LONG = /callbacks? of operators? .*"look-at-word".* took/

/** `MILLRACE_CALLBACK=60` with `MILLRACE_SESSION=45` for the full test. */
const CALLBACK_SECONDS = Number(process.env['MILLRACE_CALLBACK'] ?? 18)
const SESSION_SECONDS = Number(process.env['MILLRACE_SESSION'] ?? 8)

describeWithKafka('word count with callbacks that misbehave', (bootstrapServers) => {
  let folder: string
  let job: WordCountJob

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-callbacks-'))
    job = new WordCountJob({ kafka: { brokers: bootstrapServers.split(',') }, name: 'callbacks' })
    await job.createTopics()
  })

  afterEach(async () => {
    await job.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const start = async (config: Partial<StreamsConfig> = {}): Promise<App> => {
    const app = job.startApp({
      stateDir: folder,
      commitInterval: 100,
      sessionTimeout: SESSION_SECONDS * 1000,
      heartbeatInterval: 500,
      // a busy machine makes quick ones slow
      slowCallbackWarning: 8000,
      ...config,
    })
    await app.untilOutput(/^started/m)
    return app
  }
  const occurrences = (app: App, pattern: RegExp): number => app.output.match(new RegExp(pattern, 'gm'))?.length ?? 0

  it('a synchronous one that outlasts the session is named, costs one rejoin, and is not called again', async () => {
    // often enough to meet each step of coming back
    const app = await start({ commitInterval: 5 })
    await job.produce(1000)
    await job.produceLines([`slow:${CALLBACK_SECONDS * 1000}`])
    await job.produce(1000)
    await app.untilOutput(TOOK_LONG, (CALLBACK_SECONDS + 60) * 1000)
    await app.untilOutput(/back in the group/)
    expect(await job.overcounts()).toEqual(new Map())
    expect(app.output.match(/back in the group: .*/g)).toEqual([
      expect.stringContaining('the tasks resume where they were'),
    ])
    expect(occurrences(app, TOOK_LONG)).toBe(1)
    expect(occurrences(app, /dropped from the group/)).toBe(1)
    expect(await app.stop()).toBe(0)
  })

  it('a synchronous one that outlasts the transaction is repeated once, is explained, and is got over', async () => {
    const app = await start({
      processingGuarantee: 'exactly_once',
      transactionTimeout: 6000,
      commitInterval: 1000,
      sessionTimeout: 45_000,
    })
    const producing = job.produce(3000, 1500)
    await job.countsOnce((counts) => counts.size > 10)
    await job.produceLines(['slow:9000'])
    await producing
    expect(await job.overcounts()).toEqual(new Map())
    const calls = occurrences(app, TOOK_LONG)
    expect(calls).toBeLessThanOrEqual(2)
    expect(occurrences(app, /while a transaction was open.*Raise transactionTimeout/)).toBe(calls - 1)
    expect(occurrences(app, /dropped from the group/)).toBe(0)
    expect(await app.stop()).toBe(0)
  })

  it('an awaited one is named, and nobody is thrown out meanwhile', async () => {
    const app = await start()
    await job.produce(1000)
    await job.produceLines([`await:${CALLBACK_SECONDS * 1000}`])
    await job.produce(1000)
    await app.untilOutput(/callback of operator "wait-for-it" is still pending/)
    expect(await job.overcounts()).toEqual(new Map())
    expect(occurrences(app, /taken out of the group|^generation/)).toBe(1)
    expect(await app.stop()).toBe(0)
  })

  it('one that throws ends the app with its name, and its record is not committed', async () => {
    const app = await start()
    await job.produceLines(['throw:'])
    expect(await app.end()).toBe(0)
    expect(app.output).toMatch(/^error PROCESSING_FAILED look-at-word/m)
    expect(app.output).toMatch(/^state ERROR/m)
    expect(await job.committedOffsets()).toBe(0)

    const again = job.startApp({ stateDir: folder, commitInterval: 100 })
    await again.untilOutput(/^error PROCESSING_FAILED look-at-word/m)
    await again.end()
  })
})
