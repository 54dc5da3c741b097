import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import type { OffsetReset } from '../../../../lib/topology/offset-reset'
import { once } from '../../../support/events'
import { EmbeddedApps, failureOf, until } from '../../../support/embedded-apps'
import { NO_HEADERS } from '../../../../lib/record/headers'

const text = { key: serdes.string(), value: serdes.string() }

describe('source topics', () => {
  let apps: EmbeddedApps
  let read: string[]

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 1 })
    read = []
  })
  afterEach(() => apps.close())

  const reading = (topic: string | RegExp): Topology => {
    const builder = new StreamsBuilder()
    builder.stream(topic, text).foreach((value, _key, { topic: from }) => void read.push(`${from} ${value}`))
    return builder.build()
  }

  describe('that get more partitions', () => {
    it('have them read, also when it happens right after the start', async () => {
      const app = apps.create(reading('lines'), { metadataMaxAge: 50 })
      await app.start()
      await apps.kafka.createPartitions('lines', 3)
      await until(() => app.metadataForLocalTasks().length === 3)
      await apps.kafka.produce('lines', [{ value: 'a', partition: 2 }])
      await until(() => read.length > 0)
      expect(read).toEqual(['lines a'])
    })

    it('end an app with state, which says why and what to do', async () => {
      const builder = new StreamsBuilder()
      builder.stream('lines', text).groupByKey().count({ store: 'counts' })
      const app = apps.create(builder.build(), { metadataMaxAge: 50 })
      await app.start()
      const failed = failureOf(app)
      await apps.kafka.createPartitions('lines', 2)
      expect(await failed).toMatchObject({
        code: 'INTERNAL_TOPIC_MISMATCH',
        message: expect.stringMatching(
          /app-counts-changelog has 1 partitions and the topology needs 2.*partition count of a source topic.*reset/s,
        ) as string,
      })
    })
  })

  it('that come to match a pattern are read from their beginning', async () => {
    const app = apps.create(reading(/line.*/), { metadataMaxAge: 50 })
    await app.start()
    await apps.kafka.createTopic('line-2', 2)
    await apps.kafka.createTopic('other')
    await apps.kafka.produce('line-2', [
      { value: 'a', partition: 0 },
      { value: 'b', partition: 1 },
    ])
    await until(() => read.length === 2)
    await apps.kafka.produce('lines', [{ value: 'c' }])
    await until(() => read.length === 3)
    expect(read.sort()).toEqual(['line-2 a', 'line-2 b', 'lines c'])
  })

  it('that come to match a pattern are read through repartition topics, also beside a pattern that matches nothing', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream(/line.*/, text)
      .selectKey((value) => value)
      .groupByKey()
      .count('counts')
      .toStream()
      .foreach((count, word) => void read.push(`${word} ${count}`))
    builder
      .stream(/nothing/, text)
      .groupBy((value) => value, text)
      .count('none')
    const app = apps.create(builder.build(), { metadataMaxAge: 50, applicationServer: 'here:1' })
    await app.start()
    await apps.kafka.createTopic('line-2')
    await apps.kafka.produce('line-2', [{ value: 'a' }])
    await until(() => read.includes('a 1'))
    await apps.kafka.produce('lines', [{ value: 'a' }])
    await until(() => read.includes('a 2'))
    expect((await app.metadataForKey('counts', 'a')).active).toEqual({ host: 'here', port: 1 })
    expect(
      app
        .metadataForLocalTasks()
        .map(({ taskId }) => taskId)
        .sort(),
    ).toEqual(['0_0', '1_0'])
  })

  it('that match a pattern are shared by instances, also when they come and go', async () => {
    await apps.kafka.createTopic('line-2', 2)
    const instances = ['a', 'b'].map((name) =>
      apps.create(reading(/line.*/), { metadataMaxAge: 50, stateDir: apps.stateDir(name) }),
    )
    await Promise.all(instances.map((app) => app.start()))
    const inputs = (): string[] =>
      instances
        .flatMap((app) => app.metadataForLocalTasks())
        .flatMap(({ inputs }) => inputs.map(({ topic, partition }) => `${topic} ${partition}`))
        .sort()
    await until(() => instances.every((app) => app.metadataForLocalTasks().length === 1))
    const before = ['line-2 0', 'line-2 1', 'lines 0']
    expect(inputs()).toEqual(before)
    await apps.kafka.createTopic('line-3', 3)
    await until(() => inputs().length === 6)
    await apps.kafka.client().admin().deleteTopics(['line-3'])
    await until(() => inputs().length === 3)
    expect(inputs()).toEqual(before)
    await until(() => instances.every(({ state }) => state === 'RUNNING'))
    await apps.kafka.produce('line-2', [
      { value: 'a', partition: 0 },
      { value: 'b', partition: 1 },
    ])
    await until(() => read.length === 2)
    expect(read.sort()).toEqual(['line-2 a', 'line-2 b'])
  })

  it('that no pattern matches are warned about: it has to match whole names', async () => {
    const app = apps.create(reading(/line/), { metadataMaxAge: '5m' })
    await app.start()
    expect(apps.warnings).toEqual([
      expect.stringMatching(/no topic matches the pattern \/line\/ yet.*whole names.*every 300 s \(metadataMaxAge\)/),
    ])
  })

  it('that a pattern matches are not warned about', async () => {
    const app = apps.create(reading(/line./))
    await app.start()
    expect(apps.warnings).toEqual([])
  })

  describe('that disappear while the application runs', () => {
    it.each(['at_least_once', 'exactly_once'] as const)(
      'take it out of RUNNING, are told, and are read again when they are there (%s)',
      async (processingGuarantee) => {
        const app = apps.create(reading('lines'), { metadataMaxAge: 50, processingGuarantee })
        await app.start()
        await apps.kafka.produce('lines', [{ value: 'a' }])
        await until(() => read.length === 1)
        const warned = once(app, 'warning')
        const changed = once(app, 'stateChange')
        await apps.kafka.client().admin().deleteTopics(['lines'])
        expect(await warned).toMatchObject({ code: 'MISSING_SOURCE_TOPIC', topics: ['lines'] })
        expect(await changed).toEqual({ from: 'RUNNING', to: 'REBALANCING' })
        await until(() => app.metadataForLocalTasks().length === 0)
        expect(app.state).toBe('REBALANCING')

        const running = once(app, 'stateChange')
        await apps.kafka.createTopic('lines')
        await apps.kafka.produce('lines', [{ value: 'b' }])
        expect(await running).toEqual({ from: 'REBALANCING', to: 'RUNNING' })
        await until(() => read.length === 2)
        expect(read).toEqual(['lines a', 'lines b'])
      },
    )

    it("end an app that shall not wait for them ('fail')", async () => {
      const app = apps.create(reading('lines'), { metadataMaxAge: 50, missingSourceTopics: 'fail' })
      await app.start()
      const failed = failureOf(app)
      await apps.kafka.client().admin().deleteTopics(['lines'])
      expect(await failed).toMatchObject({ code: 'MISSING_SOURCE_TOPIC', location: { topic: 'lines' } })
    })
  })

  describe('without a committed offset', () => {
    it("end an app whose offset reset policy is 'none'", async () => {
      const app = apps.create(reading('lines'), { autoOffsetReset: 'none' })
      await expect(app.start()).rejects.toMatchObject({
        code: 'OFFSET_OUT_OF_RANGE',
        message: expect.stringMatching(
          /partition 0 of source topic lines has no committed offset.*'earliest'/,
        ) as string,
        location: { topic: 'lines', partition: 0 },
      })
      expect(app.state).toBe('ERROR')
    })

    it("are read from the start of the app on with 'latest', unless the source says otherwise", async () => {
      await apps.kafka.createTopic('more')
      for (const topic of ['lines', 'more']) await apps.kafka.produce(topic, [{ value: 'before' }])
      const builder = new StreamsBuilder()
      const note = (value: string | null, _: unknown, { topic }: { topic: string | null }): void =>
        void read.push(`${topic} ${value}`)
      builder.stream('lines', text).foreach(note)
      builder.stream('more', { ...text, offsetReset: 'earliest' }).foreach(note)
      await apps.create(builder.build(), { autoOffsetReset: 'latest' }).start()
      await apps.kafka.produce('lines', [{ value: 'after' }])
      await until(() => read.length === 2)
      expect(read.sort()).toEqual(['lines after', 'more before'])
    })
  })

  it.each([
    ['latest', ['early a']],
    ['earliest', ['early a', 'named c']],
  ] as const)(
    'without a committed offset follow the policy of their pattern, else that of the app (%s)',
    async (autoOffsetReset, old) => {
      for (const topic of ['early', 'late', 'named']) await apps.kafka.createTopic(topic)
      for (const [topic, value] of [
        ['early', 'a'],
        ['late', 'b'],
        ['named', 'c'],
      ] as const)
        await apps.kafka.produce(topic, [{ value }])
      const builder = new StreamsBuilder()
      const note = (value: string, _: unknown, { topic }: { topic: string | null }): void =>
        void read.push(`${topic} ${value}`)
      builder.stream(/earl./, { ...text, offsetReset: 'earliest' }).foreach(note)
      builder.stream(/lat./, { ...text, offsetReset: 'latest' }).foreach(note)
      builder.stream('named', text).foreach(note)
      await apps.create(builder.build(), { autoOffsetReset }).start()
      for (const topic of ['early', 'late', 'named']) await apps.kafka.produce(topic, [{ value: 'new' }])
      const expected = [...old, 'early new', 'late new', 'named new']
      await until(() => read.length === expected.length)
      expect(read.sort()).toEqual(expected.sort())
    },
  )

  describe('without a committed offset and reset by duration', () => {
    const HOUR = 3_600_000

    it('are read from the first record that is not older, and from the end where all are older', async () => {
      await apps.kafka.createTopic('old')
      for (const [topic, value, age] of [
        ['lines', 'yesterday', 24 * HOUR],
        ['lines', 'just now', HOUR / 60],
        ['old', 'yesterday', 24 * HOUR],
      ] as const) {
        await apps.kafka.produce(topic, [{ value, timestamp: Date.now() - age }])
      }
      const builder = new StreamsBuilder()
      const note = (value: string | null, _: unknown, { topic }: { topic: string | null }): void =>
        void read.push(`${topic} ${value}`)
      builder.stream('lines', { ...text, offsetReset: { byDuration: '1h' } }).foreach(note)
      builder.stream('old', text).foreach(note)
      await apps.create(builder.build(), { autoOffsetReset: { byDuration: HOUR } }).start()
      await apps.kafka.produce('old', [{ value: 'after' }])
      await until(() => read.length === 2)
      expect(read.sort()).toEqual(['lines just now', 'old after'])
    })
  })

  describe('whose next records were deleted', () => {
    /** Starts an app that has read everything, pauses it while records come and go, and lets it read on. */
    const deleteUnderIt = async (autoOffsetReset: OffsetReset) => {
      const client = apps.kafka.client()
      const admin = client.admin()
      await apps.kafka.produce('lines', [{ value: '0' }])
      const first = apps.create(reading('lines'))
      await first.start()
      await until(async () => (await admin.groupOffsets('app')).get('lines-0')?.offset === 1)
      await first.close()
      const producer = client.producer({})
      await producer.init()
      await producer.loadTopics(['lines'])
      for (const value of ['1', '2', '3']) {
        producer.append('lines', 0, null, Buffer.from(value), 1, NO_HEADERS)
        await producer.flush()
      }
      await admin.deleteRecords([{ topic: 'lines', partition: 0, offset: 3 }])
      return apps.create(reading('lines'), { autoOffsetReset })
    }

    it('are read on where the policy says, and the log tells', async () => {
      const app = await deleteUnderIt('earliest')
      await app.start()
      await until(() => read.includes('lines 3'))
      expect(read).toEqual(['lines 0', 'lines 3'])
      expect(apps.warnings.join()).toMatch(/next offset to read of lines partition 0 does not exist.*earliest offset 3/)
    })

    it('are skipped where the policy goes by duration and all that are left are older', async () => {
      const app = await deleteUnderIt({ byDuration: '1h' })
      await app.start()
      await until(() => apps.warnings.length > 0)
      await apps.kafka.produce('lines', [{ value: '4' }])
      await until(() => read.length === 2)
      expect(read).toEqual(['lines 0', 'lines 4'])
      expect(apps.warnings.join()).toMatch(/continuing at the byDuration 3600000 ms offset 4/)
    })

    it("end an app whose policy is 'none'", async () => {
      const app = await deleteUnderIt('none')
      const failed = once(app, 'error')
      await app.start().catch(() => {})
      expect(await failed).toMatchObject({
        code: 'OFFSET_OUT_OF_RANGE',
        message: expect.stringContaining("its offset reset policy is 'none'") as string,
        location: { topic: 'lines', partition: 0 },
      })
    })
  })
})
