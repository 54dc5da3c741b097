import {
  keyValueStore,
  type KafkaStreams,
  type Serde,
  serdes,
  sessionStore,
  SessionWindows,
  StreamsBuilder,
  type StreamsError,
  TimeWindows,
  timestampedWindowStore,
  type Topology,
} from 'millrace'
import { type ProducedRecord, TopologyTestDriver } from 'millrace/testing'
import { silentLogger } from '../../lib/observe/logger'
import { EmbeddedApps, failureOf } from '../support/embedded-apps'
import { repeatableRandom } from '../support/input'

/** Of version 1 a number, of version 2 with a name, of version 3 with a list. */
type Clicks = number | { clicks: number } | { clicks: number; pages: string[] }

interface Release {
  readonly value: Serde<Clicks>
  /** As this release's code adds a click. */
  readonly add: (value: Clicks, page: string) => Clicks
  readonly merge: (a: Clicks, b: Clicks) => Clicks
  readonly empty: Clicks
}

const clicksOf = (value: Clicks): number => (typeof value === 'number' ? value : value.clicks)
const pagesOf = (value: Clicks): string[] => (value as { pages: string[] }).pages
const toVersion2 = (clicks: number) => ({ clicks })
const toVersion3 = ({ clicks }: { clicks: number }) => ({ clicks, pages: [] })
const json = serdes.json<Clicks>()

/** What was never versioned, then two releases with migrations. The last one has JSON in place of a number's bytes. */
const RELEASES: readonly Release[] = [
  {
    value: serdes.long() as Serde<unknown> as Serde<Clicks>,
    add: (value) => (value as number) + 1,
    merge: (a, b) => (a as number) + (b as number),
    empty: 0,
  },
  {
    value: serdes.versioned(json, { version: 2, migrate: { 1: toVersion2 }, earlier: { 1: serdes.long() } }),
    add: (value) => ({ clicks: (value as { clicks: number }).clicks + 1 }),
    merge: (a, b) => ({ clicks: (a as { clicks: number }).clicks + (b as { clicks: number }).clicks }),
    empty: { clicks: 0 },
  },
  {
    value: serdes.versioned(json, {
      version: 3,
      migrate: { 1: toVersion2, 2: toVersion3 },
      earlier: { 1: serdes.long() },
    }),
    add: (value, page) => ({ clicks: clicksOf(value) + 1, pages: [...pagesOf(value), page] }),
    merge: (a, b) => ({ clicks: clicksOf(a) + clicksOf(b), pages: [...pagesOf(a), ...pagesOf(b)] }),
    empty: { clicks: 0, pages: [] },
  },
]

const key = serdes.string()

const stores = ({ value }: Release) => ({
  byUser: keyValueStore('by-user', { key, value }),
  perMinute: timestampedWindowStore('per-minute', { key, value, windowSize: '1m', retention: '3d' }),
  sessions: sessionStore('sessions', { key, value, retention: '3d' }),
})

const topologyOf = (release: Release): Topology => {
  const { add, merge, empty } = release
  const { byUser, perMinute, sessions } = stores(release)
  const builder = new StreamsBuilder()
  const clicks = builder.stream('clicks', { key, value: serdes.string() }).groupByKey()
  clicks.aggregate(
    () => empty,
    (value, page) => add(value, page),
    byUser,
  )
  clicks.windowedBy(TimeWindows.of({ size: '1m', grace: '1d' })).aggregate(
    () => empty,
    (value, page) => add(value, page),
    perMinute,
  )
  clicks.windowedBy(SessionWindows.of({ inactivityGap: 5000, grace: '1d' })).aggregate(
    () => empty,
    (value, page) => add(value, page),
    (a, b) => merge(a, b),
    sessions,
  )
  return builder.build()
}

/** What a compacted topic may have kept: of each key the last record at least. */
const compacted = (records: readonly ProducedRecord[], random: (below: number) => number): ProducedRecord[] => {
  const last = new Map(records.map((record, i) => [`${record.topic} ${record.key?.toString('hex')}`, i]))
  return records.filter(
    (record, i) => last.get(`${record.topic} ${record.key?.toString('hex')}`) === i || random(2) === 0,
  )
}

describe('stores whose values change their version', () => {
  test.each([1, 2, 3])('keep what random clicks have made of them, through restarts (seed %i)', async (seed) => {
    const random = repeatableRandom(seed)
    const expected = { clicks: new Map<string, number>(), pages: new Map<string, string[]>() }
    let changelogs: ProducedRecord[] = []
    let time = 0
    let version = 0
    for (let restart = 0; restart < 6; restart++) {
      version = Math.min(RELEASES.length - 1, version + random(2))
      const release = RELEASES[version]!
      const driver = new TopologyTestDriver(topologyOf(release), {
        changelogs,
        logger: silentLogger,
        statestoreCacheMaxBytes: random(2) * 100_000,
      })
      const input = driver.inputTopic('clicks', { key, value: serdes.string() })
      for (let i = random(30); i > 0; i--) {
        const [user, page] = [`u${random(4)}`, `/p${random(9)}`]
        await input.pipe(user, page, { timestamp: (time += random(8000)) })
        expected.clicks.set(user, (expected.clicks.get(user) ?? 0) + 1)
        if (version === 2) expected.pages.set(user, [...(expected.pages.get(user) ?? []), page])
      }
      await driver.start()
      await driver.advanceWallClockTime(1)
      const { byUser, perMinute, sessions } = stores(release)
      for (const [user, clicks] of expected.clicks) {
        const value = driver.store(byUser).get(user)!
        expect(clicksOf(value)).toBe(clicks)
        if (version === 2) expect(pagesOf(value)).toEqual(expected.pages.get(user) ?? [])
      }
      const sums = { windows: 0, sessions: 0 }
      for await (const [, { value }] of driver.store(perMinute).all()) sums.windows += clicksOf(value)
      for await (const [, value] of driver.store(sessions).all()) sums.sessions += clicksOf(value)
      const all = [...expected.clicks.values()].reduce((sum, clicks) => sum + clicks, 0)
      expect(sums).toEqual({ windows: all, sessions: all })
      changelogs = compacted([...changelogs, ...driver.produced()], random)
      await driver.close()
    }
  })

  test('have the bytes of the serde in their changelogs until there is a second version', async () => {
    const value = serdes.versioned(serdes.long(), { version: 1, migrate: {} })
    const builder = new StreamsBuilder()
    builder
      .stream('clicks', { key, value: serdes.string() })
      .groupByKey()
      .aggregate(
        () => 0,
        (sum) => sum + 1,
        {
          store: 'by-user',
          key,
          value,
        },
      )
    const driver = new TopologyTestDriver(builder.build())
    await driver.inputTopic('clicks').pipe('ann', '/')
    expect(driver.produced().map((record) => record.value?.toString('hex'))).toEqual(['0000000000000001'])
    await driver.close()
  })

  test('of which one is newer than the code end the instance, whatever its handler says', async () => {
    const newer = new TopologyTestDriver(topologyOf(RELEASES[2]!), { logger: silentLogger })
    await newer.inputTopic('clicks').pipe('ann', '/')
    const changelogs = newer.produced()
    await newer.close()
    let asked = 0
    const driver = new TopologyTestDriver(topologyOf(RELEASES[1]!), {
      changelogs,
      logger: silentLogger,
      processingExceptionHandler: () => {
        asked++
        return 'continue'
      },
    })
    await expect(driver.inputTopic('clicks').pipe('ann', '/')).rejects.toMatchObject({
      code: 'STATE_VERSION_UNKNOWN',
      message: expect.stringMatching(/version 3, and this code reads versions 1 to 2/) as string,
    })
    expect(asked).toBe(0)
    await driver.close()
  })
})

describe('an application whose values change their version', () => {
  let apps: EmbeddedApps
  beforeEach(() => (apps = new EmbeddedApps({ clicks: 2 })))
  afterEach(() => apps.close())

  const runUntilClosed = async (release: Release, pages: number): Promise<KafkaStreams> => {
    const streams = apps.create(topologyOf(release), { processingGuarantee: 'exactly_once' })
    await streams.start()
    const producer = streams.producer()
    for (let i = 0; i < pages; i++) await producer.send('clicks', 'ann', `/p${i}`)
    return streams
  }

  test('resumes from its local state, and from its changelogs where that is gone', async () => {
    for (const [i, release] of RELEASES.entries()) {
      const streams = await runUntilClosed(release, 2)
      const position = { clicks: { 0: -1, 1: -1 } as Record<number, number> }
      const sent = await apps.kafka.read('clicks')
      for (const { partition, offset } of sent) position.clicks[partition] = offset
      const counted = async (): Promise<number> => {
        for (;;) {
          try {
            const { value } = await streams.query(stores(release).byUser, { atLeast: position }).get('ann')
            return clicksOf(value as Clicks)
          } catch (error) {
            if (!['STORE_BEHIND', 'STORE_NOT_AVAILABLE'].includes((error as StreamsError).code)) throw error
            await new Promise((resolve) => setTimeout(resolve, 5))
          }
        }
      }
      expect(await counted()).toBe(2 * (i + 1))
      expect(await streams.close()).toBe(true)
      if (i === 1) await streams.cleanUp()
    }
    // back to the release before, which can't read what the last one has written
    const streams = apps.create(topologyOf(RELEASES[1]!), { processingGuarantee: 'exactly_once' })
    const failed = failureOf(streams)
    await streams.start()
    await apps.kafka.produce('clicks', [{ key: 'ann', value: '/' }])
    expect(await failed).toMatchObject({ code: 'STATE_VERSION_UNKNOWN' })
  })
})
