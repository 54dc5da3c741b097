import { measureImport } from './import-cost'
import { measureMetrics } from './metrics-cost'

export interface CostOptions {
  readonly records: number
  readonly rounds: number
}

/** What a part of millrace costs, measured against millrace without it: no other contestant, no broker, no row of the tables. */
export interface Cost {
  readonly description: string
  /** Unless the command line says otherwise. */
  readonly records: number
  readonly measure: (options: CostOptions) => Promise<void>
}

export const COSTS: Readonly<Record<string, Cost>> = {
  metrics: {
    description:
      'A saturated word count with the dashboard open and closed, and with metrics on and off; needs no Java',
    records: 500_000,
    measure: measureMetrics,
  },
  import: {
    description: 'An import of millrace against one of kafkajs and classic-level; needs no Java',
    records: 0,
    measure: measureImport,
  },
}
