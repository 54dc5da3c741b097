import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { JoinWindows } from '../../../lib/dsl/windows/join-windows'
import { TimeWindows } from '../../../lib/dsl/windows/time-windows'
import * as serdes from '../../../lib/serdes'
import { compileTopology } from '../../../lib/topology/compile/compile-topology'
import type { CompiledTopology } from '../../../lib/topology/definition'
import { currentSourceTopics, missingSourceTopics, partitionCounts } from '../../../lib/topology/partition-counts'

const compiled = (build: (builder: StreamsBuilder) => void): CompiledTopology => {
  const builder = new StreamsBuilder()
  build(builder)
  return compileTopology(builder.build().definition, { applicationId: 'app' })
}

const counts = (entries: Record<string, number>): Map<string, number> => new Map(Object.entries(entries))

describe('missing source topics', () => {
  const topology = compiled((builder) => {
    builder
      .stream(['b', 'a'])
      .groupBy((value) => value)
      .count('n')
    builder.stream(/logs-.*/).to('out')
  })

  test('are named, without internal topics and patterns', () => {
    expect(missingSourceTopics(topology, counts({}))).toEqual(['a', 'b'])
    expect(missingSourceTopics(topology, counts({ a: 1, b: 1 }))).toEqual([])
  })

  test('stop the count', () => {
    expect(() => partitionCounts(topology, counts({ a: 1 }))).toThrow(
      expect.objectContaining({
        code: 'MISSING_SOURCE_TOPIC',
        message: expect.stringMatching(/source topic b .*create it/),
      }),
    )
  })
})

describe('partition counts', () => {
  test('of a repartition topic are those of the widest source before it', () => {
    const topology = compiled((builder) => {
      builder
        .stream(['a', 'b'])
        .groupBy((value) => value)
        .count('n')
    })
    const result = partitionCounts(topology, counts({ a: 3, b: 7 }))
    expect([...result.repartitionTopics]).toEqual([['app-n-repartition', 7]])
    expect([...result.changelogTopics]).toEqual([['app-n-changelog', 7]])
    expect([...result.tasks]).toEqual([
      [0, 7],
      [1, 7],
    ])
  })

  test('go through repartition topics one after the other', () => {
    const topology = compiled((builder) => {
      builder
        .stream('a')
        .repartition('first')
        .selectKey((value) => value)
        .repartition('second')
        .repartition({ name: 'third', partitions: 2 })
    })
    const { repartitionTopics, tasks } = partitionCounts(topology, counts({ a: 5 }))
    expect(Object.fromEntries(repartitionTopics)).toEqual({
      'app-first-repartition': 5,
      'app-second-repartition': 5,
      'app-third-repartition': 2,
    })
    expect([...tasks.values()]).toEqual([5, 5, 5, 2])
  })

  test('are those that the user gave', () => {
    const topology = compiled((builder) => {
      builder.stream('a').repartition({ name: 'mid', partitions: 12 }).groupByKey().count('n')
    })
    const { repartitionTopics, changelogTopics } = partitionCounts(topology, counts({ a: 3 }))
    expect(repartitionTopics.get('app-mid-repartition')).toBe(12)
    expect(changelogTopics.get('app-n-changelog')).toBe(12)
  })

  test('take the topics in that a pattern matches', () => {
    const topology = compiled((builder) => {
      builder
        .stream(/logs-.*/)
        .groupBy((value) => value)
        .count('n')
    })
    const existing = counts({ 'logs-a': 2, 'logs-b': 4, 'other-logs-c': 9 })
    expect(currentSourceTopics(topology.subTopologies[0]!, existing)).toEqual(['logs-a', 'logs-b'])
    expect(partitionCounts(topology, existing).repartitionTopics.get('app-n-repartition')).toBe(4)
  })

  test('are 0 while a pattern matches nothing', () => {
    const topology = compiled((builder) => {
      builder
        .stream(/logs-.*/)
        .groupBy((value) => value)
        .count('n')
    })
    const { repartitionTopics, tasks } = partitionCounts(topology, counts({}))
    expect(repartitionTopics.get('app-n-repartition')).toBe(0)
    expect([...tasks.values()]).toEqual([0, 0])
  })

  test('of a topic that two patterns match don’t exist: each topic has one source', () => {
    const topology = compiled((builder) => {
      builder.stream(/logs-.*/).to('out')
      builder.stream(/.*-web/).to('out')
    })
    expect([...partitionCounts(topology, counts({ 'logs-app': 2, 'clicks-web': 3 })).tasks.values()]).toEqual([2, 3])
    expect(() => partitionCounts(topology, counts({ 'logs-app': 2, 'logs-web': 1 }))).toThrow(
      expect.objectContaining({
        code: 'TOPIC_ALREADY_REGISTERED',
        location: { operator: 'KSTREAM-SOURCE-0000000002', topic: 'logs-web' },
        message: expect.stringContaining('"KSTREAM-SOURCE-0000000000"'),
      }),
    )
  })

  test('of the topics of a foreign-key join, which write to each other, are those of its tables', () => {
    const topology = compiled((builder) => {
      const right = builder.table('right')
      builder.table('left').join(right, String, () => 1, 'joined')
    })
    const { repartitionTopics, tasks } = partitionCounts(topology, counts({ left: 2, right: 5 }))
    const byKind = new Map(
      [...repartitionTopics].map(([topic, count]) => [/REGISTRATION|RESPONSE/.exec(topic)?.[0], count]),
    )
    expect(byKind).toEqual(
      new Map([
        ['REGISTRATION', 5],
        ['RESPONSE', 2],
      ]),
    )
    expect([...tasks.values()].sort()).toEqual([2, 5])
  })

  test('of the topics of foreign-key joins one after the other are those of their tables', () => {
    const topology = compiled((builder) => {
      builder
        .table('left')
        .join(builder.table('right'), String, () => 1, { name: 'first' })
        .join(builder.table('third'), String, () => 1, { name: 'second' })
    })
    const { repartitionTopics } = partitionCounts(topology, counts({ left: 3, right: 5, third: 7 }))
    expect(Object.fromEntries(repartitionTopics)).toEqual({
      'app-first-subscription-registration-topic': 5,
      'app-first-subscription-response-topic': 3,
      'app-second-subscription-registration-topic': 7,
      'app-second-subscription-response-topic': 3,
    })
  })

  test('of the topics of a foreign-key join of windows are those of its table and of the repartition topic of the windows', () => {
    const topology = compiled((builder) => {
      builder
        .stream('lines')
        .groupBy((value) => value as string, { name: 'by-value', key: serdes.string() })
        .windowedBy(TimeWindows.of({ size: '10m' }))
        .count()
        .leftJoin(builder.table('table'), String, () => 1, { name: 'fk' })
    })
    const { repartitionTopics, tasks } = partitionCounts(topology, counts({ lines: 3, table: 2 }))
    expect(Object.fromEntries(repartitionTopics)).toEqual({
      'app-by-value-repartition': 3,
      'app-fk-subscription-registration-topic': 2,
      'app-fk-subscription-response-topic': 3,
    })
    expect([...tasks.values()].sort()).toEqual([2, 3, 3])
  })

  test('that depend on each other have no answer', () => {
    const [sub] = compiled((builder) => builder.stream('a').repartition('loop').to('out')).subTopologies.slice(1)
    const loop: CompiledTopology = {
      applicationId: 'app',
      subTopologies: [{ ...sub!, sinkTopics: ['app-loop-repartition'] }],
      global: { nodes: [], stores: [] },
      copartitionGroups: [],
      topicName: (topic) => topic,
    }
    expect(() => partitionCounts(loop, counts({}))).toThrow(
      expect.objectContaining({ code: 'INVALID_TOPOLOGY', message: expect.stringContaining('app-loop-repartition') }),
    )
  })
})

describe('co-partitioned topics', () => {
  const joined = (partitions?: number): CompiledTopology => {
    const topology = compiled((builder) => {
      builder.stream('a').to('x')
      builder.stream('b').repartition({ name: 'mid', partitions }).to('y')
      builder.stream('c').repartition({ name: 'other' }).to('z')
    })
    return topology
  }

  const group = (topology: CompiledTopology, ...topics: string[]): CompiledTopology => ({
    ...topology,
    copartitionGroups: [{ operator: 'KSTREAM-JOIN-0000000007', topics, patterns: [] }],
  })

  test('of the user must have equal counts', () => {
    const topology = group(joined(), 'a', 'b', 'app-mid-repartition')
    expect(() => partitionCounts(topology, counts({ a: 3, b: 4, c: 1 }))).toThrow(
      expect.objectContaining({
        code: 'NOT_COPARTITIONED',
        message: expect.stringMatching(/KSTREAM-JOIN-0000000007 .*a has 3, b has 4.*Repartition a side first/),
      }),
    )
  })

  test('give their count to repartition topics', () => {
    const { repartitionTopics } = partitionCounts(
      group(joined(), 'a', 'app-mid-repartition'),
      counts({ a: 3, b: 8, c: 1 }),
    )
    expect(repartitionTopics.get('app-mid-repartition')).toBe(3)
  })

  test('do not bend a count that the user gave', () => {
    const topology = group(joined(5), 'a', 'app-mid-repartition')
    expect(() => partitionCounts(topology, counts({ a: 3, b: 4, c: 1 }))).toThrow(
      expect.objectContaining({
        code: 'NOT_COPARTITIONED',
        message: expect.stringContaining('app-mid-repartition has 5 (set by repartition)'),
      }),
    )
  })

  test('that are all internal take the count that was given, else the largest', () => {
    const topics = ['app-mid-repartition', 'app-other-repartition']
    const existing = counts({ a: 1, b: 4, c: 6 })
    const given = partitionCounts(group(joined(5), ...topics), existing).repartitionTopics
    expect(topics.map((topic) => given.get(topic))).toEqual([5, 5])
    const largest = partitionCounts(group(joined(), ...topics), existing).repartitionTopics
    expect(topics.map((topic) => largest.get(topic))).toEqual([6, 6])
  })

  describe('that a pattern matches', () => {
    const withTable = compiled((builder) => {
      builder
        .stream(/logs-.*/)
        .leftJoin(builder.table('hosts'), () => 1)
        .to('out')
    })

    test('must have the count of what they are joined with, and so must those that come later', () => {
      expect([...partitionCounts(withTable, counts({ 'logs-a': 3, hosts: 3 })).tasks.values()]).toEqual([3])
      expect(() => partitionCounts(withTable, counts({ 'logs-a': 3, 'logs-b': 4, hosts: 3 }))).toThrow(
        expect.objectContaining({
          code: 'NOT_COPARTITIONED',
          message: expect.stringMatching(/hosts has 3, logs-a has 3, logs-b has 4/),
        }),
      )
    })

    test('need nothing while there are none', () => {
      expect([...partitionCounts(withTable, counts({ hosts: 3 })).tasks.values()]).toEqual([3])
    })

    test('give their count to the repartition topics that they are joined with', () => {
      const topology = compiled((builder) => {
        const rekeyed = builder.stream('clicks').selectKey((value) => value as string, { key: serdes.string() })
        builder
          .stream(/logs-.*/)
          .join(rekeyed, () => 1, JoinWindows.of({ timeDifference: '1s' }), { name: 'click' })
          .to('out')
      })
      const { repartitionTopics } = partitionCounts(topology, counts({ 'logs-a': 4, 'logs-b': 4, clicks: 2 }))
      expect([...repartitionTopics]).toEqual([['app-click-right-repartition', 4]])
    })

    test('bind all joins of their stream', () => {
      const topology = compiled((builder) => {
        const logs = builder.stream(/logs-.*/)
        const other = builder.stream('b').repartition('mid')
        logs.leftJoin(builder.table('hosts'), () => 1).to('x')
        logs.join(other, () => 1, JoinWindows.of({ timeDifference: '1s' })).to('y')
      })
      expect(topology.copartitionGroups).toHaveLength(1)
      expect(partitionCounts(topology, counts({ hosts: 5, b: 2 })).repartitionTopics.get('app-mid-repartition')).toBe(5)
    })
  })
})
