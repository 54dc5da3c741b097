import { serdes, SessionWindows, TimeWindows, untilWindowCloses, type WindowCloseOptions } from 'millrace'
import { visits } from '../data'
import type { Workload } from '../workload'

const texts = { key: serdes.string(), value: serdes.string() }
const MIB = 1024 * 1024

const common = { run: { kind: 'drain' }, compared: 'table' } as const

const hopping = {
  ...common,
  records: 1_000_000,
  inputs: (records) => [{ name: 'visits', records: () => visits(records, { everyMs: 1, users: 10_000 }) }],
  build: (builder, { topic }) =>
    builder
      .stream(topic('visits'), texts)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: '10s', advance: '1s', grace: '5s' }))
      .count('counts')
      .toStream()
      .to(topic('out'), { key: serdes.timeWindowed(serdes.string(), '10s'), value: serdes.long() }),
  java: 'HoppingWindows',
} as const satisfies Partial<Workload>

export const hoppingWindows: readonly Workload[] = [
  { ...hopping, name: 'hopping-windows', description: 'count visits, each in 10 windows; cache 10 MB' },
  {
    ...hopping,
    name: 'hopping-windows-large-cache',
    description: 'the same, cache 200 MB',
    settings: { cacheBytes: 200 * MIB },
  },
]

export const sessionWindows: Workload = {
  ...common,
  name: 'session-windows',
  description: 'count the visits of sessions that 5 s without one end',
  records: 6_000_000,
  inputs: (records) => [{ name: 'visits', records: () => visits(records, { everyMs: 1, users: 2000 }) }],
  build: (builder, { topic }) =>
    builder
      .stream(topic('visits'), texts)
      .groupByKey()
      .windowedBy(SessionWindows.of({ inactivityGap: '5s', grace: '5s' }))
      .count('sessions')
      .toStream()
      .to(topic('out'), { key: serdes.sessionWindowed(serdes.string()), value: serdes.long() }),
  java: 'SessionCount',
}

const suppressBy =
  (options: WindowCloseOptions): Workload['build'] =>
  (builder, { topic }) =>
    builder
      .stream(topic('visits'), texts)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: '10s', grace: '5s' }))
      .count('counts')
      .suppress(untilWindowCloses(options))
      .toStream()
      .to(topic('out'), { key: serdes.timeWindowed(serdes.string(), '10s'), value: serdes.long() })

export const suppress: Workload = {
  ...common,
  name: 'suppress',
  description: 'count in windows of 10 s, each result once its window closes',
  records: 8_000_000,
  inputs: (records) => [{ name: 'visits', records: () => visits(records, { everyMs: 1, users: 2000 }) }],
  build: suppressBy({}),
  java: 'SuppressedWindows',
}

export const suppressSpill: Workload = {
  ...suppress,
  name: 'suppress-spill',
  description: "the same with all that waits on disk; Java's in memory",
  build: suppressBy({ maxBytes: 0, onFull: 'spill' }),
}
