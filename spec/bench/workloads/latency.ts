import { serdes, type StreamsBuilder } from 'millrace'
import { numbered } from '../data'
import type { BuildContext, Settings, Workload } from '../workload'

const PER_SECOND = 1000

const keepLast = (builder: StreamsBuilder, { topic }: BuildContext): void => {
  builder
    .stream(topic('numbers'), { key: serdes.string(), value: serdes.long() })
    .groupByKey()
    .aggregate(
      () => 0,
      (_last, number) => number,
      { store: 'last', key: serdes.string(), value: serdes.long() },
    )
    .toStream()
    .to(topic('out'), { key: serdes.string(), value: serdes.long() })
}

/** Without a cache: what is behind one comes with the commit. */
const row = (name: string, description: string, settings: Partial<Settings>): Workload => ({
  name,
  description,
  records: 60_000,
  run: { kind: 'paced', until: 'answered' },
  partitions: 2,
  inputs: (records) => [{ name: 'numbers', perSecond: PER_SECOND, records: () => numbered(records, 500) }],
  settings: { cacheBytes: 0, commitMs: undefined, ...settings },
  build: keepLast,
  java: 'KeepLast',
})

export const latencies: readonly Workload[] = [
  row('latency', '1,000 records/s through an aggregate; defaults', {}),
  row('latency-exactly-once', 'the same, exactly-once', { guarantee: 'exactly_once' }),
  row('latency-linger-0', 'the same; linger 0, a commit every 100 ms', { lingerMs: 0, commitMs: 100 }),
  row('latency-linger-0-exactly-once', 'the same, exactly-once', {
    lingerMs: 0,
    commitMs: 100,
    guarantee: 'exactly_once',
  }),
  row('latency-commit-20-exactly-once', 'the same, exactly-once, a commit every 20 ms', {
    lingerMs: 0,
    commitMs: 20,
    guarantee: 'exactly_once',
  }),
]
