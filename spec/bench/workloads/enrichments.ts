import { serdes, versionedKeyValueStore } from 'millrace'
import { Random } from '../../differential/random'
import { FIRST_TIMESTAMP, payloads, rows, updates } from '../data'
import type { Input, InputRecord, Workload } from '../workload'

const texts = { key: serdes.string(), value: serdes.string() }
const joined = (left: string, right: string): string => `${left.slice(0, 20)}+${right.slice(0, 20)}`

/** A third of the records are the table's rows, which come first. */
const tableFirst = (records: number): readonly Input[] => {
  const keys = Math.ceil(records / 3)
  return [
    { name: 'table', records: () => rows(keys) },
    { name: 'stream', records: () => updates(records - keys, { keys, from: FIRST_TIMESTAMP + keys }) },
  ]
}

export const streamTableJoin: Workload = {
  name: 'stream-table-join',
  description: 'enrich a stream by a table of 1 M rows',
  records: 3_000_000,
  run: { kind: 'drain' },
  inputs: tableFirst,
  compared: 'stream',
  build: (builder, { topic }) =>
    builder
      .stream(topic('stream'), texts)
      .join(builder.table(topic('table'), texts, 'rows'), joined, texts)
      .to(topic('out'), texts),
  java: 'StreamTableJoin',
  quix: 'stream_table_join',
}

const PRODUCTS = 100_000

function* sales(records: number): Iterable<InputRecord> {
  const random = new Random(7)
  const note = payloads(random, 60)
  for (let i = 0; i < records; i++) {
    const value = `key-${random.below(PRODUCTS)}|${random.between(1, 100)}|${note()}`
    yield { key: `sale-${i}`, value, timestamp: FIRST_TIMESTAMP + i }
  }
}

export const globalJoin: Workload = {
  name: 'global-join',
  description: 'enrich a stream by a global table of 100,000 rows',
  records: 10_000_000,
  run: { kind: 'drain' },
  inputs: (records) => [
    { name: 'products', global: true, configs: { 'cleanup.policy': 'compact' }, records: () => rows(PRODUCTS) },
    { name: 'sales', records: () => sales(records) },
  ],
  compared: 'stream',
  build: (builder, { topic }) =>
    builder
      .stream(topic('sales'), texts)
      .join(
        builder.globalTable(topic('products'), texts, 'products'),
        (sale) => sale.slice(0, sale.indexOf('|')),
        joined,
      )
      .to(topic('out'), texts),
  java: 'GlobalJoin',
}

const UPDATED_ROWS = 100_000

/** Both sides go forward in time together, and a tenth of the stream comes up to 2 s late. */
const interleaved = (records: number): readonly Input[] => {
  const each = Math.floor(records / 2)
  const keys = Math.min(UPDATED_ROWS, each)
  return [
    { name: 'table', records: () => updates(each, { keys, seed: 3 }) },
    { name: 'stream', records: () => sometimesLate(updates(each, { keys, seed: 5 })) },
  ]
}

function* sometimesLate(records: Iterable<InputRecord>): Iterable<InputRecord> {
  const random = new Random(17)
  for (const record of records) {
    yield random.chance(0.1) ? { ...record, timestamp: record.timestamp - random.below(2000) } : record
  }
}

const versioned = () => versionedKeyValueStore('rows', { ...texts, historyRetention: '1m' })

export const versionedTableJoin: Workload = {
  name: 'versioned-table-join',
  description: 'enrich a stream by the versions of 100,000 rows that were valid at the time',
  records: 4_000_000,
  run: { kind: 'drain' },
  inputs: interleaved,
  compared: 'stream',
  build: (builder, { topic }) =>
    builder
      .stream(topic('stream'), texts)
      .join(builder.table(topic('table'), texts, versioned()), joined, texts)
      .to(topic('out'), texts),
  java: 'VersionedTableJoin',
}

export const graceJoin: Workload = {
  name: 'grace-join',
  description: 'the same, with the stream held back for 5 s to be joined in order',
  records: 4_000_000,
  run: { kind: 'drain' },
  inputs: interleaved,
  compared: 'stream',
  build: (builder, { topic }) =>
    builder
      .stream(topic('stream'), texts)
      .join(builder.table(topic('table'), texts, versioned()), joined, { ...texts, name: 'held', grace: '5s' })
      .to(topic('out'), texts),
  java: 'GraceJoin',
}
