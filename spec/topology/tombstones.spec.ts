import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { KStream } from '../../lib/dsl/kstream'
import { SessionWindows } from '../../lib/dsl/windows/session-windows'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import type { ErrorHandlerResponse } from '../../lib/handlers'
import * as serdes from '../../lib/serdes'
import { drive, text } from './drive'

type Texts = KStream<string, string>

const windows = TimeWindows.of({ size: 10 })
const sessions = SessionWindows.of({ inactivityGap: 10 })
const process = () => ({ process: () => undefined })
const callbacks: Record<string, (stream: Texts) => unknown> = {
  filter: (stream) => stream.filter((value) => value.length > 0),
  filterNot: (stream) => stream.filterNot((value) => value.length > 0),
  map: (stream) => stream.map((value, key) => [value, key]),
  mapValues: (stream) => stream.mapValues((value) => ({ value })),
  flatMap: (stream) => stream.flatMap((value, key) => [[value, key] as const]),
  flatMapValues: (stream) => stream.flatMapValues((value) => [value]),
  selectKey: (stream) => stream.selectKey((value) => value),
  peek: (stream) => stream.peek(() => undefined),
  foreach: (stream) => stream.foreach(() => undefined),
  groupBy: (stream) => stream.groupBy((value) => value).count(),
  branch: (stream) => stream.split().branch((value) => value === 'a'),
  'the topic of to': (stream) => stream.to((value) => value),
  'the partitioner of to': (stream) => stream.to('out', { partitioner: (_topic, _key, value) => value.length }),
  'the partitioner of repartition': (stream) =>
    stream.repartition({ partitioner: (_topic, _key, value) => value.length }),
  'a windowed aggregator': (stream) =>
    stream
      .groupByKey()
      .windowedBy(windows)
      .aggregate(
        () => 0,
        (sum) => sum + 1,
      ),
  'a windowed reducer': (stream) =>
    stream
      .groupByKey()
      .windowedBy(windows)
      .reduce((first) => first),
  'an aggregator of sessions': (stream) =>
    stream
      .groupByKey()
      .windowedBy(sessions)
      .aggregate(
        () => 0,
        (sum) => sum + 1,
        (a, b) => a + b,
      ),
  'a windowed aggregator of several streams': (stream) =>
    stream
      .groupByKey()
      .cogroup<number>((sum) => sum + 1)
      .windowedBy(windows)
      .aggregate(() => 0),
  process: (stream) => stream.process(process),
  processValues: (stream) => stream.processValues(process),
}

describe('a tombstone of a stream that is typed without null', () => {
  it.each(Object.entries(callbacks))('is not given to %s', async (_name, build) => {
    const { input } = drive((b) => build(b.stream('in', text)), { defaultValueSerde: serdes.json() })
    await input.pipe('k', 'v', 1)
    await expect(input.pipe('k', null, 2)).rejects.toMatchObject({
      code: 'UNEXPECTED_TOMBSTONE',
      message: expect.stringMatching(/stream over topic "in" is typed without null.*\{ nullable: true \}/) as string,
    })
  })

  it.each<[string, (stream: Texts, b: StreamsBuilder) => Texts]>([
    ['filter', (stream) => stream.filter((_value, key) => key !== 'other')],
    [
      'split',
      (stream) =>
        stream
          .split('s-')
          .branch(() => true, 'a')
          .noDefaultBranch()['s-a'],
    ],
    ['repartition', (stream) => stream.repartition('again')],
    ['merge', (stream, b) => stream.merge(b.stream('more', text))],
  ])('is not given to what comes behind %s either', async (_name, between) => {
    const { driver, input } = drive((b) => between(b.stream('in', text), b).mapValues((value) => ({ value })))
    await input.pipe('k', 'v', 1)
    await expect(input.pipe('k', null, 2)).rejects.toMatchObject({ code: 'UNEXPECTED_TOMBSTONE' })
    expect(driver.recordCounts().dropped).toBe(0)
  })

  it('goes to sinks and tables, and is dropped by joins and aggregations', async () => {
    const { driver, input, out } = drive((b) => {
      const stream = b.stream('in', text)
      stream.to('copy')
      stream.toTable('latest').toStream().to('latest')
      stream.groupByKey().count().toStream().to('counts')
      stream.join(b.table('table', text), (left, right) => left + right).to('joined')
    })
    await input.pipe('k', 'v', 1)
    await input.pipe('k', null, 2)
    expect(out('copy')).toEqual(['k=v@1', 'k=null@2'])
    expect(out('latest')).toEqual(['k=v@1', 'k=null@2'])
    expect(out('counts', serdes.long() as never)).toEqual(['k=1@1'])
    expect(driver.recordCounts().dropped).toBe(2)
  })

  it('fails with its place in the topic', async () => {
    const { input } = drive((b) => b.stream('in', text).mapValues((value) => value.length))
    await expect(input.pipe('k', null, 2)).rejects.toMatchObject({
      location: { operator: 'KSTREAM-MAPVALUES-0000000001', topic: 'in', partition: 0, offset: 0 },
    })
  })

  it('is what the processing handler decides about', async () => {
    const processingExceptionHandler = (error: Error): ErrorHandlerResponse =>
      (error as { code?: string }).code === 'UNEXPECTED_TOMBSTONE' ? 'continue' : 'fail'
    const { input, out } = drive(
      (b) =>
        b
          .stream('in', text)
          .mapValues((value) => value.length)
          .to('out'),
      {
        processingExceptionHandler,
        defaultValueSerde: serdes.int() as never,
      },
    )
    await input.pipe('k', null, 1)
    await input.pipe('k', 'four', 2)
    expect(out('out', serdes.int() as never)).toEqual(['k=4@2'])
  })
})

describe('a tombstone', () => {
  it('reaches the callbacks of a stream that says that it has some', async () => {
    const { input, out } = drive((b) =>
      b
        .stream('in', { ...text, nullable: true })
        .mapValues((value) => value ?? 'gone')
        .to('out'),
    )
    await input.pipe('k', null, 1)
    expect(out()).toEqual(['k=gone@1'])
  })

  it('reaches the callbacks of a stream whose values have no type', async () => {
    const { input, out } = drive((b) =>
      b
        .stream('in', { key: serdes.string() })
        .mapValues((value) => String(value))
        .to('out'),
    )
    await input.pipe('k', null, 1)
    expect(out()).toEqual(['k=null@1'])
  })

  it('reaches the callbacks of the stream of a table', async () => {
    const { driver, out } = drive((b) =>
      b
        .table('rows', text)
        .toStream()
        .mapValues((value) => value ?? 'gone')
        .to('out'),
    )
    await driver.inputTopic('rows', text).pipe('k', null, 1)
    expect(out()).toEqual(['k=gone@1'])
  })
})
