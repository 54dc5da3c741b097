import { serdes, type StreamsBuilder } from 'millrace'
import { updates } from '../data'
import type { BuildContext, Input, Workload } from '../workload'

/** A table of which only the changelog has records: `table-changelog` is its name for the application that the run is. */
const changelogOf =
  (keysOf: (records: number) => number) =>
  (records: number): readonly Input[] => [
    { name: 'input', records: () => [] },
    {
      name: 'table-changelog',
      // compacted in name only: every round restores every record
      configs: { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '1' },
      records: () => updates(records, { keys: keysOf(records) }),
    },
  ]

const table = (builder: StreamsBuilder, { topic }: BuildContext): void => {
  builder.table(topic('input'), { key: serdes.string(), value: serdes.bytes() }, 'table')
}

export const restore: Workload = {
  name: 'restore',
  description: 'rebuild a store of 100-byte values from its changelog, two records a key',
  records: 2_000_000,
  run: { kind: 'restore' },
  inputs: changelogOf((records) => Math.ceil(records / 2)),
  build: table,
  java: 'Restore',
}

export const warmStart: Workload = {
  name: 'warm-start',
  description: 'start with the state of 1 M records on disk, until RUNNING',
  records: 1_000_000,
  run: { kind: 'warm-start' },
  inputs: changelogOf((records) => records),
  build: table,
  java: 'Restore',
}
