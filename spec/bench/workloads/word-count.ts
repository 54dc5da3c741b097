import { serdes, type StreamsBuilder } from 'millrace'
import { lines } from '../data'
import type { BuildContext, Workload } from '../workload'

/** Split, re-key, repartition, count. */
export const countWords = (builder: StreamsBuilder, { topic, partitions }: BuildContext): void =>
  builder
    .stream(topic('lines'), { key: serdes.string(), value: serdes.string() })
    .flatMapValues((line) => line.split(' '))
    .selectKey((word) => word)
    .repartition({ key: serdes.string(), value: serdes.string(), partitions })
    .groupByKey()
    .count('counts')
    .toStream()
    .to(topic('out'), { key: serdes.string(), value: serdes.long() })

const common = {
  unit: 'words',
  records: 16_000_000,
  run: { kind: 'drain' },
  inputs: (words) => [{ name: 'lines', records: () => lines(words) }],
  compared: 'table',
  build: countWords,
  java: 'WordCount',
} as const satisfies Partial<Workload>

export const wordCounts: readonly Workload[] = [
  { ...common, name: 'word-count', description: 'split lines, repartition by word, count', quix: 'word_count' },
  {
    ...common,
    name: 'word-count-exactly-once',
    description: 'the same, in transactions',
    settings: { guarantee: 'exactly_once' },
  },
  {
    ...common,
    name: 'word-count-no-cache',
    description: 'the same with every update forwarded and logged',
    records: 6_000_000,
    compared: 'stream',
    settings: { cacheBytes: 0 },
  },
  ...[1, 4, 32, 128].map((partitions) => ({
    ...common,
    name: `partitions-${partitions}`,
    description: `word count, ${partitions} partition${partitions === 1 ? '' : 's'}`,
    partitions,
  })),
  {
    ...common,
    name: 'two-processes',
    description: 'word count, shared by two processes',
    settings: { processes: 2 },
  },
]
