import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import * as serdes from '../../lib/serdes'
import type { ProcessorContext } from '../../lib/operators/processor'
import { drive, headers, text } from './drive'
import type { StreamRecord } from '../../lib/record/stream-record'

describe('a stateless operator', () => {
  it('filter and filterNot see value, key and where the record comes from', async () => {
    const seen: unknown[] = []
    const { input, out } = drive((builder) => {
      const stream = builder.stream('in', text)
      stream
        .filter((value, key, { topic, partition, offset, timestamp, headers: all }) => {
          seen.push([value, key, topic, partition, offset, timestamp, all.length])
          return value.length > 1
        })
        .to('out', text)
      stream.filterNot((value) => value.length > 1).to('rest', text)
    })
    await input.pipe('k', 'a', { timestamp: 5, headers: headers('h') })
    await input.pipe('k', 'bc', 6)
    expect(out()).toEqual(['k=bc@6'])
    expect(out('rest')).toEqual(['k=a@5 h'])
    expect(seen).toEqual([
      ['a', 'k', 'in', 0, 0, 5, 1],
      ['bc', 'k', 'in', 0, 1, 6, 0],
    ])
  })

  it.each(['map', 'flatMap'] as const)('%s refuses an object in place of a list of key and value', async (operator) => {
    const { input } = drive((builder) => {
      const stream = builder.stream('in', text)
      if (operator === 'map') stream.map(((value: string) => ({ key: value, value })) as never).to('out')
      else stream.flatMap(((value: string) => [{ key: value, value }]) as never).to('out')
    })
    await expect(input.pipe('k', 'v')).rejects.toThrow(`the callback of ${operator} gives [key, value], a list of two`)
  })

  it.each([
    ['ab', 'a string'],
    [undefined, 'undefined'],
    [null, 'null'],
  ])('map and flatMap refuse %p in place of a list of key and value', async (pair, what) => {
    const mapping = drive((builder) => builder.stream('in', text).map((() => pair) as never))
    const message = `gives [key, value], a list of two, and this is ${what}`
    await expect(mapping.input.pipe('k', 'v')).rejects.toThrow(`the callback of map ${message}`)
    const flattening = drive((builder) => builder.stream('in', text).flatMap((() => [pair]) as never))
    await expect(flattening.input.pipe('k', 'v')).rejects.toThrow(`the callback of flatMap ${message}`)
  })

  it.each([
    [{ length: 1 }, 'an object'],
    [5, 'a number'],
    [null, 'null'],
  ])('flatMapValues refuses %p in place of an iterable', async (result, what) => {
    const { input } = drive((builder) => builder.stream('in', text).flatMapValues((() => result) as never))
    await expect(input.pipe('k', 'v')).rejects.toThrow(`gives a list or another iterable, and this is ${what}`)
  })

  it.each([
    ['an object', { source: Buffer.of(1) }],
    ['text in place of bytes', [['source', 'web']]],
    ['a value that is not set', [['source', undefined]]],
    ['a name alone', ['source']],
  ])('a processor forwards no record whose headers are %s', async (_what, given) => {
    const { input } = drive((builder) =>
      builder
        .stream('in', text)
        .process<string, string>(() => {
          let context: ProcessorContext<string, string>
          return {
            init: (own) => void (context = own),
            process: (record) => context.forward(record.withHeaders(given as never)),
          }
        })
        .to('out', text),
    )
    await expect(input.pipe('k', 'v')).rejects.toThrow(
      /processor "KSTREAM-PROCESSOR-0000000001" forwards a record whose headers are no list of names and bytes: .*withHeaders/,
    )
  })

  it('a processor forwards nothing but records', async () => {
    const forwarding = (...given: unknown[]) =>
      drive((builder) =>
        builder.stream('in', text).process(() => {
          let context: ProcessorContext<string, string>
          return {
            init: (own) => void (context = own),
            process: () => (context.forward as (...args: unknown[]) => void).apply(context, given),
          }
        }),
      )
    const message = /processor "KSTREAM-PROCESSOR-0000000001" forwards what is no StreamRecord: .*withValue/
    await expect(forwarding('k', 'v').input.pipe('k', 'v')).rejects.toThrow(message)
    await expect(forwarding({ key: 'k', value: 'v' }).input.pipe('k', 'v')).rejects.toThrow(message)
  })

  it('a sink of windowed keys without their serde says where it comes from', async () => {
    const { input } = drive((builder) =>
      builder
        .stream('in', { value: serdes.string() })
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: '1m' }))
        .count()
        .toStream()
        .to('out'),
    )
    await expect(input.pipe('k', 'v')).rejects.toThrow(/can't write the key .*groupByKey\(\{ key: serdes/)
  })

  it('map, mapValues, flatMap, flatMapValues and selectKey keep timestamp and headers', async () => {
    const { input, out } = drive((builder) => {
      const stream = builder.stream('in', text)
      stream.map((value, key) => [value, key]).to('map', text)
      stream.mapValues((value) => value.toUpperCase()).to('mapValues', text)
      stream.flatMap((value, key) => [...value].map((letter) => [letter, key] as const)).to('flatMap', text)
      stream
        .flatMapValues(function* (value) {
          yield* value
        })
        .to('flatMapValues', text)
      stream.selectKey((value) => `of ${value}`).to('selectKey', text)
    })
    await input.pipe('k', 'ab', { timestamp: 9, headers: headers('h') })
    expect(out('map')).toEqual(['ab=k@9 h'])
    expect(out('mapValues')).toEqual(['k=AB@9 h'])
    expect(out('flatMap')).toEqual(['a=k@9 h', 'b=k@9 h'])
    expect(out('flatMapValues')).toEqual(['k=a@9 h', 'k=b@9 h'])
    expect(out('selectKey')).toEqual(['of ab=ab@9 h'])
  })

  it('passes null keys and values on', async () => {
    const { input, out } = drive((builder) =>
      builder
        .stream('in', { ...text, nullable: true })
        .mapValues((value) => value ?? 'was null')
        .flatMapValues((value) => [value, null as never])
        .to('out', text),
    )
    await input.pipe(null, null, 1)
    expect(out()).toEqual(['null=was null@1', 'null=null@1'])
  })

  it('peek and foreach act in order; their promises are awaited', async () => {
    const trace: string[] = []
    const { input, out } = drive((builder) => {
      const stream = builder.stream('in', text).peek(async (value) => {
        await Promise.resolve()
        trace.push(`peek ${value}`)
      })
      stream.to('out', text)
      stream.foreach(async (value) => {
        await Promise.resolve()
        trace.push(`foreach ${value}`)
      })
    })
    await Promise.all([input.pipe('k', 'a', 1), input.pipe('k', 'b', 2)])
    expect(trace).toEqual(['peek a', 'foreach a', 'peek b', 'foreach b'])
    expect(out()).toEqual(['k=a@1', 'k=b@2'])
  })

  it('merge takes records of both streams as they come', async () => {
    const { driver, input, out } = drive((builder) =>
      builder.stream('in', text).merge(builder.stream('other', text)).to('out', text),
    )
    await input.pipe('k', 'a', 1)
    await driver.inputTopic('other', text).pipe('k', 'b', 0)
    expect(out()).toEqual(['k=a@1', 'k=b@0'])
  })

  it('split sends a record to the first branch that takes it, else to the default one', async () => {
    const { input, out } = drive((builder) => {
      const branches = builder
        .stream('in', text)
        .split('by-')
        .branch((value) => value.startsWith('a'), 'a')
        .branch((value) => value.length > 1, 'long')
        .defaultBranch('rest')
      for (const [name, stream] of Object.entries(branches)) stream.to(name, text)
    })
    for (const value of ['ab', 'bc', 'c']) await input.pipe('k', value, 1)
    expect([out('by-a'), out('by-long'), out('by-rest')]).toEqual([['k=ab@1'], ['k=bc@1'], ['k=c@1']])
  })

  it('repartition goes through its topic, with keys only, and one record after the other', async () => {
    const { driver, input, out } = drive((builder) =>
      builder
        .stream('in', text)
        .selectKey((value) => (value === 'lost' ? null : value))
        .repartition('by-value')
        .to('out', text),
    )
    await input.pipe('k', 'a', 3)
    await input.pipe('k', 'lost', 4)
    expect(driver.produced().map(({ topic, partition }) => `${topic} ${partition}`)).toEqual([
      'app-by-value-repartition undefined',
      'out undefined',
    ])
    expect(out()).toEqual(['a=a@3'])
    expect(driver.recordCounts().dropped).toBe(0)
  })

  it.each([2, 0.5])('to refuses partition %p of a topic with two', async (partition) => {
    const { input } = drive(
      (builder) => builder.stream('in', text).to('out', { ...text, partitioner: () => partition }),
      { partitions: { out: 2 } },
    )
    await expect(input.pipe('k', 'v')).rejects.toThrow(
      `partition ${partition} of topic "out" was chosen, which has 2 partitions`,
    )
  })

  it('to names topics by the record, and partitions by the partitioner', async () => {
    const { driver, input } = drive(
      (builder) => {
        builder.stream('in', text).to((value, key, meta) => `${key}-${value}-${meta.offset}`, text)
        builder
          .stream('in', text)
          .to('out', { ...text, partitioner: (_topic, _key, _value, partitions) => partitions - 1 })
      },
      { partitions: { out: 5 } },
    )
    await input.pipe('k', 'a', 1)
    expect(driver.produced().map(({ topic, partition }) => [topic, partition])).toEqual([
      ['k-a-0', undefined],
      ['out', 4],
    ])
  })

  it('process runs a processor of the user, with its context', async () => {
    const { input, out } = drive((builder) =>
      builder
        .stream('in', text)
        .process<string, string>(() => {
          let context: ProcessorContext<string, string>
          return {
            init: (given) => void (context = given),
            process: (record: StreamRecord<string, string>) => {
              context.forward(record.withTimestamp(record.timestamp + 100).withHeaders([['added', null]]))
              context.forward(record.withKey('2nd'))
            },
          }
        })
        .to('out', { key: serdes.string(), value: serdes.string() }),
    )
    await input.pipe('k', 'a', 1)
    expect(out()).toEqual(['k=a@101 added', '2nd=a@1'])
  })

  it('feeds a topic that the topology writes and reads', async () => {
    const { input, out } = drive((builder) => {
      builder
        .stream('in', text)
        .mapValues((value) => `${value}!`)
        .to('middle', text)
      builder.stream('middle', text).to('out', text)
    })
    await input.pipe('k', 'a', 1)
    expect(out('middle')).toEqual(['k=a!@1'])
    expect(out()).toEqual(['k=a!@1'])
  })
})
