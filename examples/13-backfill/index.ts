import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams } from 'millrace'
import { configOf, exitOnFailure } from '../run'
import { showProgress } from './progress-bar'
import { dailyRevenue, type Sale } from './topology'
import { warehouseIn } from './warehouse'

/** Reads all sales that there are, closes the days, and ends. */
async function main(): Promise<void> {
  const folder = process.env.WAREHOUSE_DIR ?? join(tmpdir(), 'millrace-backfill-warehouse')
  const config = configOf('backfill', { processingGuarantee: 'exactly_once', commitInterval: '100ms' })
  const streams = new KafkaStreams(dailyRevenue(warehouseIn<Sale>(folder)), config)
  streams.on('runProgress', showProgress)
  const { durationMs, topics, dropped } = await streams.run({ final: true })
  console.log(`\ndone in ${(durationMs / 1000).toFixed(1)} s, ${dropped} records dropped; the sales are in ${folder}`)
  console.table(topics)
}

exitOnFailure(main())
