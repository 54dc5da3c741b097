import type { RunSummary, Topology } from 'millrace'
import { csv, ndjson, runOnFiles } from 'millrace/files'
import type { Revenue, Sale } from './topology'

/** The same topology without Kafka: sales from a file of JSON lines, each with its time `at`, and revenues to a CSV file. */
export function runBackfillOnFiles(topology: Topology, sales: string, revenues: string): Promise<RunSummary> {
  return runOnFiles(topology, {
    inputs: { 'shop-sales': ndjson<Sale & { at: string }>(sales, { timestamp: ({ at }) => new Date(at) }) },
    outputs: {
      'revenue-per-day': csv(revenues, { row: ({ day, amount }: Revenue, shop: string) => ({ shop, day, amount }) }),
    },
  })
}
