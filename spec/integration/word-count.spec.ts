import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StreamsConfig } from '../../lib/config/config'
import { describeWithKafka } from '../support/kafka-broker'
import type { App } from '../support/process'
import { WordCountJob } from '../support/word-count-job'

/** `MILLRACE_WORDS=1000000` makes the tests of scaling the full ones. */
const WORDS = Number(process.env['MILLRACE_WORDS'] ?? 60_000)

describeWithKafka('word count on a real broker', (bootstrapServers) => {
  const kafka = { brokers: bootstrapServers.split(',') }
  let folder: string
  let job: WordCountJob

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-word-count-'))
    job = new WordCountJob({ kafka, name: 'word-count' })
    await job.createTopics()
  })

  afterEach(async () => {
    await job.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const start = async (stateDir: string, config: Partial<StreamsConfig> = {}): Promise<App> => {
    const app = job.startApp({ stateDir: join(folder, stateDir), commitInterval: 200, ...config })
    await app.untilOutput(/^started/m)
    return app
  }
  const replayed = (app: App): number => Number(/(\d+) in all\n(?![\s\S]*in all)/.exec(app.output)?.[1] ?? -1)

  it.each(['at_least_once', 'exactly_once'] as const)(
    'counts exactly, over restarts with and without state (%s)',
    async (guarantee) => {
      const config = { processingGuarantee: guarantee }
      await job.produce(20_000)
      let app = await start('a', config)
      expect(await job.overcounts()).toEqual(new Map())
      expect(await app.stop()).toBe(0)
      expect(app.output).toContain('closed in time')

      await job.produce(20_000)
      app = await start('a', config)
      expect(replayed(app)).toBe(0)
      expect(await job.overcounts()).toEqual(new Map())
      await app.stop()

      rmSync(join(folder, 'a'), { recursive: true })
      await job.produce(20_000)
      app = await start('a', config)
      expect(replayed(app)).toBeGreaterThanOrEqual(job.truth.size)
      expect(await job.overcounts()).toEqual(new Map())
      await app.stop()
    },
  )

  it.each([
    ['at_least_once', WORDS],
    ['exactly_once', WORDS / 3],
  ] as const)('counts exactly while instances come and go: 1, 3, 2, 1 (%s, %i words)', async (guarantee, words) => {
    const config = { processingGuarantee: guarantee }
    const producing = job.produce(words, WORDS / 12)
    const first = await start('a', config)
    const [second, third] = await Promise.all([start('b', config), start('c', config)])
    await second.untilOutput(/tasks \[\d/)
    await third.untilOutput(/tasks \[\d/)
    await job.countsOnce((counts) => counts.size > 100)
    expect(await first.stop()).toBe(0)
    expect(await second.stop()).toBe(0)
    await producing
    expect(await job.overcounts()).toEqual(new Map())
    expect(await third.stop()).toBe(0)
    for (const app of [first, second, third]) expect(app.output).toContain('closed in time')
  })

  it('moves no task when a static member restarts', async () => {
    const member = (name: string): Promise<App> => start(name, { groupInstanceId: name })
    const first = await member('a')
    const second = await member('b')
    // the hand-over is complete when both have tasks of the generation that is the last one
    await first.untilOutput(/tasks \[\d_\d \d_\d \d_\d \d_\d\]/)
    await second.untilOutput(/tasks \[\d/)
    await job.produce(1000)
    await job.overcounts()
    const generations = (app: App): string[] => app.output.match(/^generation .*$/gm) ?? []
    const last = generations(second).at(-1)!
    await first.untilOutput(new RegExp(`^${/^generation \d+ /.exec(last)![0]}`, 'm'))
    const before = generations(first)
    expect(await second.stop()).toBe(0)
    const again = await member('b')
    expect(generations(again)).toEqual([last])
    await job.produce(1000)
    expect(await job.overcounts()).toEqual(new Map())
    expect(generations(first)).toEqual(before)
    expect(await again.stop()).toBe(0)
    expect(await first.stop()).toBe(0)
  })
})
