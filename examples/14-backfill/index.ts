import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams, type RunSummary, type Topology } from 'millrace'
import { configOf, exitOnFailure } from '../run'
import { runBackfillOnFiles } from './on-files'
import { showProgress } from './progress-bar'
import { dailyRevenue, type Sale } from './topology'
import { warehouseIn } from './warehouse'

/** Reads all sales that there are, closes the days, and ends. With the names of two files it reads and writes these, and needs no Kafka. */
async function main(): Promise<void> {
  const folder = process.env.WAREHOUSE_DIR ?? join(tmpdir(), 'millrace-backfill-warehouse')
  const topology = dailyRevenue(warehouseIn<Sale>(folder))
  const [sales, revenues = 'revenue-per-day.csv'] = process.argv.slice(2)
  const summary = sales === undefined ? await onKafka(topology) : await runBackfillOnFiles(topology, sales, revenues)
  const { durationMs, topics, dropped } = summary
  console.log(`\ndone in ${(durationMs / 1000).toFixed(1)} s, ${dropped} records dropped; the sales are in ${folder}`)
  console.table(topics)
}

function onKafka(topology: Topology): Promise<RunSummary> {
  const config = configOf('backfill', { processingGuarantee: 'exactly_once', commitInterval: '100ms' })
  const streams = new KafkaStreams(topology, config)
  streams.on('runProgress', showProgress)
  return streams.run({ final: true })
}

exitOnFailure(main())
