import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProcessingGuarantee } from '../../lib/config/config'
import { describeWithKafka } from '../support/kafka-broker'
import type { App } from '../support/process'
import { WordCountJob } from '../support/word-count-job'

/** `MILLRACE_WORDS=1000000 MILLRACE_KILLS=10` for the full test. */
const WORDS = Number(process.env['MILLRACE_WORDS'] ?? 60_000)
const KILLS = Number(process.env['MILLRACE_KILLS'] ?? 3)
const SECONDS_BETWEEN_KILLS = 3

describeWithKafka('word count while instances are killed', (bootstrapServers) => {
  let folder: string
  let job: WordCountJob

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-kill-'))
    job = new WordCountJob({ kafka: { brokers: bootstrapServers.split(',') }, name: 'kill' })
    await job.createTopics()
  })

  afterEach(async () => {
    await job.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const run = async (processingGuarantee: ProcessingGuarantee): Promise<{ over: Map<string, number>; apps: App[] }> => {
    const start = (n: number): App =>
      job.startApp({
        stateDir: join(folder, String(n)),
        processingGuarantee,
        commitInterval: 100,
        sessionTimeout: 6000,
        heartbeatInterval: 500,
      })
    const seconds = KILLS * SECONDS_BETWEEN_KILLS
    const apps = [start(0), start(1), start(2)]
    const all = [...apps]
    await Promise.all(apps.map((app) => app.untilOutput(/^started/m)))
    const producing = job.produce(WORDS, WORDS / seconds)
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(SECONDS_BETWEEN_KILLS * 1000)
      const victim = kill % apps.length
      expect(await apps[victim]!.kill()).toBe('SIGKILL')
      all.push((apps[victim] = start(victim)))
    }
    await producing
    const over = await job.overcounts()
    for (const app of apps) {
      await app.untilOutput(/^started/m)
      expect(await app.stop()).toBe(0)
    }
    for (const app of all) expect(app.output).not.toMatch(/^error|from the beginning|damaged/m)
    return { over, apps: all }
  }

  it('exactly_once: counts exactly, and wipes nothing', async () => {
    const { over } = await run('exactly_once')
    expect(over).toEqual(new Map())
  })

  it('at_least_once: loses nothing, and repeats no more than what was not committed', async () => {
    const { over } = await run('at_least_once')
    const extra = [...over].reduce((sum, [word, count]) => sum + count - job.truth.get(word)!, 0)
    // a kill repeats what one commit interval and its hand-over have seen, a small part of all words
    expect(extra).toBeLessThan(WORDS / 4)
  })
})
