import { silentLogger } from '../../lib/observe/logger'
import * as serdes from '../../lib/serdes'
import type { Serde } from '../../lib/serdes/serde'
import { type RawRecord, TopologyTestDriver } from '../../lib/testing'
import { buildTopology } from './build'
import type { GoldenCase } from './case'
import { storeRows } from './store-rows'

/* Names that a case text may use; what they do was compared with Kafka Streams 4.2. */

const drivers: TopologyTestDriver[] = []
const traced: string[] = []
afterEach(async () => {
  traced.length = 0
  for (const driver of drivers.splice(0)) await driver.close()
})

const ms = { ms: 'n => Duration.ofMillis(n)', str: 'x => String(x)', trace: 's => recordTrace(s)' }

const drive = (topology: string): TopologyTestDriver => {
  const golden = { topology, helpers: ms, config: { 'application.id': 'golden' } } as unknown as GoldenCase
  const driver = new TopologyTestDriver(buildTopology(golden, (line) => void traced.push(line)).topology, {
    applicationId: 'golden',
    defaultValueSerde: serdes.string() as Serde<unknown>,
    statestoreCacheMaxBytes: 0,
    initialWallClockTime: 0,
    logger: silentLogger,
  })
  drivers.push(driver)
  return driver
}

const bytes = (text: string | null): Buffer | null => (text === null ? null : Buffer.from(text))
const pipe = (driver: TopologyTestDriver, topic: string, key: string, value: string | null, timestamp: number) =>
  driver.pipeRaw({ topic, key: bytes(key), value: bytes(value), timestamp } satisfies RawRecord)

const changes = (driver: TopologyTestDriver, store: string): string[] =>
  driver
    .outputTopic(`golden-${store}-changelog`, { key: serdes.string(), value: serdes.string() })
    .readRecords()
    .map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`)

test('Stores.timestampedKeyValueStoreBuilder and ValueAndTimestamp', async () => {
  const driver = drive(`
    const topology = new Topology();
    topology.addSource("src", "in")
      .addProcessor("p", processor(ctx => {
        const store = ctx.getStateStore("s");
        return rec => {
          const old = store.get(rec.key());
          trace(old === null ? "none" : str(old.value()) + "@" + str(old.timestamp()));
          store.put(rec.key(), ValueAndTimestamp.make(rec.value(), rec.timestamp() + 100));
        };
      }), "src")
      .addStateStore(Stores.timestampedKeyValueStoreBuilder(
        Stores.persistentTimestampedKeyValueStore("s"), Serdes.String(), Serdes.String()).withCachingDisabled(), "p");`)
  await pipe(driver, 'in', 'k', 'a', 1)
  await pipe(driver, 'in', 'k', 'b', 2)
  await pipe(driver, 'in', 'k', null, 3)
  expect(traced).toEqual(['none', 'a@101', 'b@102'])
  expect(changes(driver, 's')).toEqual(['k=a@101', 'k=b@102', 'k=null@3'])
  expect(await storeRows(driver.store('s'))).toEqual([])
})

test('Stores.lruMap, in the Processor API and behind a table', async () => {
  const driver = drive(`
    const builder = new StreamsBuilder();
    builder.addStateStore(Stores.keyValueStoreBuilder(Stores.lruMap("lru", 2), Serdes.String(), Serdes.String()));
    builder.stream("in").process(processor(ctx => rec => ctx.getStateStore("lru").put(rec.key(), rec.value())), "lru");
    builder.table("t", Materialized.as(Stores.lruMap("rows", 2)));
    const topology = builder.build(config);`)
  for (const [i, key] of ['a', 'b', 'a', 'c'].entries()) {
    await pipe(driver, 'in', key, `v${i}`, i)
    await pipe(driver, 't', key, `v${i}`, i)
  }
  expect(changes(driver, 'lru')).toEqual(['a=v0@0', 'b=v1@1', 'a=v2@2', 'b=null@3', 'c=v3@3'])
  expect(changes(driver, 'rows')).toEqual(['a=v0@0', 'b=v1@1', 'a=v2@2', 'c=v3@3'])
  expect(await storeRows(driver.stores().get('rows')!)).toEqual([
    ['a', 'v2', 2],
    ['c', 'v3', 3],
  ])
})

test('Windowed, for a session store of a processor', async () => {
  const driver = drive(`
    const topology = new Topology();
    topology.addSource("src", "in")
      .addProcessor("p", processor(ctx => {
        const store = ctx.getStateStore("s");
        return rec => {
          const session = new Windowed(rec.key(), new SessionWindow(rec.timestamp(), rec.timestamp() + 5));
          store.put(session, rec.value());
          each(store.findSessions("a", "b", 0, 100), e => trace(str(e.key) + " " + str(e.key.window().end())));
          each(store.backwardFindSessions(0, 6), e => trace("ended " + e.value));
        };
      }), "src")
      .addStateStore(Stores.sessionStoreBuilder(
        Stores.inMemorySessionStore("s", ms(1000)), Serdes.String(), Serdes.String()).withLoggingDisabled(), "p");`)
  await pipe(driver, 'in', 'a', 'x', 1)
  await pipe(driver, 'in', 'c', 'y', 2)
  expect(traced).toEqual(['[a@1/6] 6', 'ended x', '[a@1/6] 6', 'ended x'])
  expect(driver.produced()).toEqual([])
})

test('a foreign-key subscription store is shown by the key serde of its join', async () => {
  const driver = drive(`
    const builder = new StreamsBuilder();
    const left = builder.table("l", Consumed.with(Serdes.Long(), Serdes.String()));
    const right = builder.table("r");
    left.join(right, v => v, (l, r) => l + r, TableJoined.as("fk"), Materialized.as("result"))
      .toStream().to("out", Produced.with(Serdes.Long(), Serdes.String()));
    const topology = builder.build(config);`)
  await driver.inputTopic('l', { key: serdes.long(), value: serdes.string() }).pipe(7, 'x', 1)
  const rows = await storeRows(driver.store('fk-subscription-store'))
  expect(rows).toMatchObject([[{}, { primaryKey: 7, primaryPartition: 0 }, 1]])
})
