import { serdes, type StreamsBuilder } from 'millrace'
import { rows, updates } from '../data'
import type { BuildContext, InputRecord, Workload } from '../workload'

const texts = { key: serdes.string(), value: serdes.string() }

const keepGreater = (builder: StreamsBuilder, { topic }: BuildContext): void =>
  builder
    .stream(topic('updates'), texts)
    .groupByKey()
    .reduce((kept, value) => (value > kept ? value : kept), 'greatest')
    .toStream()
    .to(topic('out'), texts)

const common = { run: { kind: 'drain' }, compared: 'table', build: keepGreater, java: 'Reduce' } as const

export const reduce: Workload = {
  ...common,
  name: 'reduce',
  description: 'keep the greater of two 100-byte values, for 1 M keys',
  records: 3_000_000,
  inputs: (records) => [
    { name: 'updates', records: () => updates(records, { keys: Math.min(1_000_000, Math.ceil(records / 3)) }) },
  ],
}

/** Every key once, then updates of random ones. */
function* fillThenUpdate(records: number): Iterable<InputRecord> {
  const keys = Math.ceil((records * 5) / 6)
  let last = 0
  for (const record of rows(keys)) {
    last = record.timestamp
    yield record
  }
  yield* updates(records - keys, { keys, from: last + 1 })
}

export const largeState: Workload = {
  ...common,
  name: 'large-state',
  description: 'the same for 5 M keys',
  records: 6_000_000,
  inputs: (records) => [{ name: 'updates', records: () => fillThenUpdate(records) }],
}
