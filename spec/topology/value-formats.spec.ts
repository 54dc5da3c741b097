import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { JoinWindows } from '../../lib/dsl/windows/join-windows'
import { KafkaStreams } from '../../lib/runtime/kafka-streams'
import * as serdes from '../../lib/serdes'
import type { Serde } from '../../lib/serdes/serde'
import { type TestDriverConfig, TopologyTestDriver } from '../../lib/testing'
import { silentLogger } from '../../lib/observe/logger'
import { counted, text } from './drive'

const upper = (value: string): string => value.toUpperCase()
const topologyOf = (build: (builder: StreamsBuilder) => unknown) => {
  const builder = new StreamsBuilder()
  build(builder)
  return builder.build()
}
const driverOf = (build: (builder: StreamsBuilder) => unknown, config: TestDriverConfig = {}): TopologyTestDriver =>
  new TopologyTestDriver(topologyOf(build), { logger: silentLogger, ...config })

const windows = JoinWindows.of({ timeDifference: 1 })
const silent: Record<string, (builder: StreamsBuilder) => unknown> = {
  mapValues: (b) => b.stream('in', text).mapValues(upper).to('out'),
  flatMapValues: (b) =>
    b
      .stream('in', text)
      .flatMapValues((line) => line.split(' '))
      .to('out'),
  map: (b) =>
    b
      .stream('in', text)
      .map((value, key) => [key, value])
      .to('out'),
  'what comes behind a filter': (b) =>
    b
      .stream('in', text)
      .mapValues(upper)
      .filter((value) => value !== '')
      .to('out'),
  'a repartition': (b) => b.stream('in', text).mapValues(upper).repartition('again').to('out'),
  'mapValues of a count': (b) => b.stream('in', text).groupByKey().count().mapValues(String).toStream().to('out'),
  'an aggregation': (b) =>
    b
      .stream('in', text)
      .groupByKey()
      .aggregate(
        () => '',
        (all, value) => all + value,
      )
      .toStream()
      .to('out'),
  'a join with a table': (b) =>
    b
      .stream('in', text)
      .join(b.table('table', text), (a, c) => a + c)
      .to('out'),
  'a join with a stream': (b) =>
    b
      .stream('in', text)
      .join(b.stream('other', text), (a, c) => a + c, windows)
      .to('out'),
  'a join of tables': (b) =>
    b
      .table('in', text)
      .join(b.table('table', text), (a, c) => a + c)
      .toStream()
      .to('out'),
  merge: (b) => b.stream('in', text).merge(b.stream('other', text)).to('out'),
  process: (b) =>
    b
      .stream('in', text)
      .process<string, string>(() => ({ process: () => undefined }))
      .to('out'),
}

describe('a sink whose values came by another serde than JSON', () => {
  it.each(Object.entries(silent))('is refused behind %s, where nothing says what they are', (_name, build) => {
    expect(() => driverOf(build)).toThrow(
      expect.objectContaining({
        code: 'MISSING_SERDE',
        location: { operator: expect.stringMatching(/^KSTREAM-SINK-/) as string, topic: 'out' },
      }),
    )
  })

  it('names the operator, and both places where the serde can be said', () => {
    const topology = topologyOf((b) => b.stream('in', text).mapValues(upper, 'shout').to('out'))
    const config = { applicationId: 'app', kafka: { brokers: ['localhost:9092'] }, logger: silentLogger }
    expect(() => new KafkaStreams(topology, config)).toThrow(
      /write values to "out": they are made by "shout" .*mapValues\(…, \{ value: serdes.string\(\) \}\).*to\('topic', \{ value: serdes.json\(\) \}\).*defaultValueSerde/,
    )
  })

  it.each<[string, (builder: StreamsBuilder) => unknown, TestDriverConfig]>([
    ['the operator', (b) => b.stream('in', text).mapValues(upper, { value: serdes.string() }).to('out'), {}],
    ['the sink', (b) => b.stream('in', text).mapValues(upper).to('out', { value: serdes.string() }), {}],
    ['the config', (b) => b.stream('in', text).mapValues(upper).to('out'), { defaultValueSerde: serdes.string() }],
  ])('writes what %s says', async (_name, build, config) => {
    const driver = driverOf(build, config)
    await driver.inputTopic('in', text).pipe('k', 'v')
    expect(driver.produced().map(({ value }) => value?.toString())).toEqual(['V'])
    await driver.close()
  })

  it('writes JSON where the config asks for it', async () => {
    const driver = driverOf((b) => b.stream('in', text).mapValues(upper).to('out'), {
      defaultValueSerde: serdes.json(),
    })
    await driver.inputTopic('in', text).pipe('k', 'v')
    expect(driver.produced().map(({ value }) => value?.toString())).toEqual(['"V"'])
    await driver.close()
  })
})

it.each<[string, (builder: StreamsBuilder) => unknown]>([
  ['as JSON', (b) => b.stream('in', { value: serdes.json<string>() }).mapValues(upper).to('out')],
  ['without a serde', (b) => b.stream('in').mapValues(String).mapValues(upper).to('out')],
])('values that came %s are written as JSON', async (_name, build) => {
  const driver = driverOf(build)
  await driver.inputTopic('in', { key: serdes.string(), value: serdes.json() }).pipe('k', 'v')
  expect(driver.produced().map(({ value }) => value?.toString())).toEqual(['"V"'])
  await driver.close()
})

it("topics of the application's own hold such values as JSON", async () => {
  const driver = driverOf((b) =>
    b
      .stream('in', text)
      .flatMapValues((line) => line.split(' '))
      .groupBy((word) => word)
      .count('counts')
      .toStream()
      .to('out'),
  )
  await driver.inputTopic('in', text).pipe('k', 'a b a')
  expect(driver.outputTopic('out', counted).readKeyValuesToMap()).toEqual(
    new Map([
      ['a', 2],
      ['b', 1],
    ]),
  )
  await driver.close()
})

it('a serde that is derived from a built-in one is read by its own methods, from topics and stores', async () => {
  const shouted: Serde<string> = {
    ...serdes.string(),
    serialize: (topic, value, headers) => serdes.string().serialize(topic, value.toLowerCase(), headers),
    deserialize: (topic, bytes, headers) => serdes.string().deserialize(topic, bytes, headers).toUpperCase(),
  }
  const driver = driverOf(
    (b) =>
      b
        .stream('in', { key: serdes.string(), value: shouted })
        .groupByKey()
        .reduce((all, value) => `${all} ${value}`, { name: 'all', value: shouted })
        .toStream()
        .to('out', text),
    { statestoreCacheMaxBytes: 0 },
  )
  const input = driver.inputTopic('in', text)
  await input.pipe('k', 'a')
  await input.pipe('k', 'b')
  expect(driver.outputTopic('out', text).readValues()).toEqual(['A', 'A B'])
  await driver.close()
})

describe('a serde of the user', () => {
  const promised = /\(\) returned a promise, and serdes are synchronous: fetch what it needs in prepare\(\)/
  const asText: Serde<unknown> = {
    serialize: (_topic, value) => Buffer.from(String(value)),
    deserialize: (_topic, bytes) => bytes.toString(),
  }
  const asynchronous: Serde<unknown> = { ...asText, deserialize: (_topic, bytes) => Promise.resolve(bytes.toString()) }
  const serializing = (serialize: (topic: string, value: unknown) => unknown): Serde<unknown> =>
    ({ ...asText, serialize }) as Serde<unknown>
  const failing = async (build: (builder: StreamsBuilder) => unknown): Promise<unknown> => {
    const driver = driverOf(build, { statestoreCacheMaxBytes: 0 })
    try {
      await driver.inputTopic('in', text).pipe('k', 'v')
      return driver.produced()
    } catch (error) {
      return error
    } finally {
      await driver.close()
    }
  }
  const refused = (code: string, message: RegExp | string) =>
    expect.objectContaining({ code, message: expect.stringMatching(message) as string })

  it('that is read asynchronously does not write promises as {}', async () => {
    const source = (builder: StreamsBuilder) => builder.stream('in', { value: asynchronous })
    expect(await failing((b) => source(b).to('out', { value: serdes.json() }))).toEqual(
      refused('DESERIALIZATION_FAILED', promised),
    )
  })

  it('whose promise is rejected leaves no rejection unhandled', async () => {
    const rejecting: Serde<unknown> = { ...asText, deserialize: () => Promise.reject(new Error('no schema')) }
    expect(await failing((b) => b.stream('in', { value: rejecting }).to('out', { value: asText }))).toEqual(
      refused('DESERIALIZATION_FAILED', promised),
    )
  })

  it.each<[string, Serde<unknown>, RegExp]>([
    ['a promise', serializing(() => Promise.resolve(Buffer.from('v'))), promised],
    ['a text', serializing(String), /serialize\(\) returns a Buffer, or null for a tombstone, and this is a string/],
    ['an object', serializing((value) => ({ value })), /and this is an object/],
    ['nothing', serializing(() => undefined), /and this is undefined/],
  ])('that writes %s is refused by sinks and stores', async (_result, value, message) => {
    const source = (builder: StreamsBuilder) => builder.stream('in', text)
    const sunk = await failing((b) => source(b).to('out', { value }))
    expect(sunk).toEqual(refused('SERIALIZATION_FAILED', message))
    expect(sunk).toEqual(refused('SERIALIZATION_FAILED', 'sink "KSTREAM-SINK-0000000001"'))
    const kept = await failing((b) =>
      source(b)
        .groupByKey()
        .aggregate(
          () => 'none',
          (all) => all,
          { store: 'kept', value },
        ),
    )
    expect(kept).toEqual(refused('SERIALIZATION_FAILED', message))
    expect(kept).toEqual(refused('SERIALIZATION_FAILED', "store 'kept'"))
  })

  it('may return bytes that are no Buffer', async () => {
    const value = serializing((_topic, object) => new TextEncoder().encode(String(object)))
    expect(await failing((b) => b.stream('in', text).to('out', { value }))).toEqual([
      expect.objectContaining({ topic: 'out', key: Buffer.from('k') }),
    ])
  })

  it('that reads a store asynchronously is refused', async () => {
    const counts = (b: StreamsBuilder) =>
      b
        .stream('in', text)
        .groupByKey()
        .aggregate(
          () => 'none',
          (all) => all,
          { store: 's', value: asynchronous },
        )
    const driver = driverOf(counts, { statestoreCacheMaxBytes: 0 })
    const input = driver.inputTopic('in', text)
    await input.pipe('k', 'v')
    await expect(input.pipe('k', 'v')).rejects.toEqual(refused('DESERIALIZATION_FAILED', promised))
    await driver.close()
  })
})
