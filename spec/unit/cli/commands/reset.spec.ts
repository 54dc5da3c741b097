import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { EmbeddedKafka } from '../../../../lib/kafka/memory'
import * as serdes from '../../../../lib/serdes'
import { CommandLine } from '../../../support/command-line-interface'
import { EmbeddedApps } from '../../../support/embedded-apps'

const counting = () => {
  const builder = new StreamsBuilder()
  builder
    .stream('orders', { key: serdes.string(), value: serdes.string() })
    .groupBy((value) => value)
    .count('counts')
    .toStream()
    .to('totals', { key: serdes.string(), value: serdes.long() })
  return builder.build()
}

describe('millrace reset', () => {
  let apps: EmbeddedApps
  let cli: CommandLine

  beforeEach(async () => {
    apps = new EmbeddedApps({ orders: 1, totals: 1 })
    cli = new CommandLine(apps.kafka)
    await apps.kafka.produce('orders', [
      { key: 'k', value: 'tea' },
      { key: 'k', value: 'tea' },
    ])
  })

  afterEach(() => apps.close())

  const runUntil = async (total: number): Promise<void> => {
    const app = apps.create(counting())
    await app.start()
    for await (const { value } of apps.kafka.subscribe('totals', { value: serdes.long() })) if (value === total) break
    await app.close()
  }

  const topics = (kafka: EmbeddedKafka): Promise<string[]> => kafka.client().admin().listTopics()

  it('shows what it would do, does it with --execute, and the application starts over', async () => {
    await runUntil(2)
    const own = ['app-counts-changelog', 'app-counts-repartition']
    const args = ['reset', '--application-id', 'app', '--state-dir', apps.stateDir('a')]
    const { code, out, err } = await cli.run(...args)
    expect(code).toBe(0)
    expect(out).toMatch(/^INPUT TOPIC +PARTITION +FROM +TO\norders +0 +2 +0\n/)
    expect(out).toContain(`Internal topics to be deleted:\n  ${own.join('\n  ')}\n`)
    expect(out).toContain(`Local state to be removed:\n  ${join(apps.stateDir('a'), 'app')}\n`)
    expect(err).toBe('Nothing was changed. Add --execute to do it.\n')
    expect(await topics(apps.kafka)).toEqual(expect.arrayContaining(own))

    const done = await cli.run(...args, '--execute')
    expect(done.out).toContain('Internal topics deleted:\n')
    expect(done.out).toContain('Local state removed:\n')
    expect(done.err).toBe('')
    expect(await topics(apps.kafka)).toEqual(['orders', 'totals'])
    expect(await apps.committed('orders', 0)).toBe(0)
    expect(readdirSync(join(apps.stateDir('a'), 'app'))).toEqual(['lock'])

    await runUntil(2)
    const totals = await apps.kafka.read('totals', { value: serdes.long() })
    expect(totals.at(-1)).toMatchObject({ key: 'tea', value: 2 })
  })

  it('refuses while an instance runs, and changes nothing', async () => {
    const app = apps.create(counting())
    await app.start()
    expect(await cli.run('reset', '--application-id', 'app', '--execute')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/group 'app' has 1 live member .*\(ILLEGAL_STATE\)/),
    })
    expect(await topics(apps.kafka)).toContain('app-counts-changelog')
    expect(existsSync(join(apps.stateDir('a'), 'app'))).toBe(true)
  })

  it("leaves the topics of an application whose name begins alike, and those that are no one's", async () => {
    const admin = apps.kafka.client().admin()
    for (const topic of [
      'app-counts-changelog',
      'app-v2-counts-changelog',
      'app-orders',
      'application-x-repartition',
    ]) {
      await apps.kafka.createTopic(topic)
    }
    await admin.alterGroupOffsets('app-v2', [{ topic: 'orders', partition: 0, offset: 1, metadata: '' }])
    expect(await cli.json('reset', '--application-id', 'app', '--execute')).toMatchObject({
      deletedTopics: ['app-counts-changelog'],
      keptTopics: ['app-v2-counts-changelog'],
    })
    expect(await topics(apps.kafka)).toEqual(
      expect.arrayContaining(['app-v2-counts-changelog', 'app-orders', 'application-x-repartition']),
    )
  })

  it('takes input topics, internal topics and a target', async () => {
    await runUntil(2)
    const args = ['--input-topics', 'orders', '--internal-topics', 'app-counts-repartition', '--to-offset', '1']
    expect(await cli.json('reset', '--application-id', 'app', ...args, '--execute')).toMatchObject({
      offsets: [{ topic: 'orders', partition: 0, from: 2, to: 1 }],
      deletedTopics: ['app-counts-repartition'],
      keptTopics: ['app-counts-changelog'],
    })
  })

  it.each([
    [['--internal-topics', 'orders'], 2, /orders: no internal topic of 'app'/],
    [['--input-topics', 'nope'], 2, /there is no topic nope/],
    [['--state-dir', '/nowhere'], 2, /there is no state of 'app' in \/nowhere/],
    [[], 1, /there is no group 'app'/],
  ])('refuses %j', async (args, code, message) => {
    const outcome = await cli.run('reset', '--application-id', 'app', ...args, '--execute')
    expect(outcome.code).toBe(code)
    expect(outcome.err).toMatch(message)
  })
})
