import { serdes } from 'millrace'
import { updates, visits } from '../data'
import type { Workload } from '../workload'

export const cogroup: Workload = {
  name: 'cogroup',
  description: 'count two streams together, for 100,000 keys',
  records: 8_000_000,
  run: { kind: 'drain' },
  inputs: (records) => {
    const each = Math.floor(records / 2)
    return [
      { name: 'visits', records: () => visits(each, { everyMs: 1, users: 100_000, lateMs: 1 }) },
      { name: 'purchases', records: () => updates(each, { keys: 100_000, prefix: 'user-' }) },
    ]
  },
  compared: 'table',
  build: (builder, { topic }) => {
    const texts = { key: serdes.string(), value: serdes.string() }
    const purchases = builder.stream(topic('purchases'), texts).groupByKey()
    builder
      .stream(topic('visits'), texts)
      .groupByKey()
      .cogroup<number>((sum) => sum + 1)
      .cogroup(purchases, (sum) => sum + 1000)
      .aggregate(() => 0, { store: 'sums', key: serdes.string(), value: serdes.long() })
      .toStream()
      .to(topic('out'), { key: serdes.string(), value: serdes.long() })
  },
  java: 'Cogroup',
}
