import { writeSync } from 'node:fs'
import type { StreamsConfig } from '../../../lib/config/config'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { KafkaStreams } from '../../../lib/runtime/kafka-streams'
import * as serdes from '../../../lib/serdes'
import type { Topology } from '../../../lib/topology/topology'
import { block } from '../block'

const text = { key: serdes.string(), value: serdes.string() }

/** What comes out depends on nothing but the input. */
export const runningCounts = (input: string, output: string, onRecord: () => void = () => {}): Topology => {
  const builder = new StreamsBuilder()
  builder
    .stream(input, text)
    .peek(() => onRecord())
    .groupByKey(text)
    .count({ store: 'counts' })
    .toStream()
    .to(output, { key: serdes.string(), value: serdes.long() })
  return builder.build()
}

/** A bounded run as a process of its own, configured by a JSON text in `BOUNDED`. It stops working, and waits to be killed, at record `holdAt`. */
export interface BoundedApp {
  readonly input: string
  readonly output: string
  readonly holdAt?: number
  readonly config: Omit<StreamsConfig, 'logger'>
}

const main = async (): Promise<void> => {
  const { input, output, holdAt, config } = JSON.parse(process.env['BOUNDED']!) as BoundedApp
  let records = 0
  const topology = runningCounts(input, output, () => {
    if (++records !== holdAt) return
    writeSync(1, `holding at record ${records}\n`)
    block(600_000)
  })
  const { read, ends } = await new KafkaStreams(topology, config).run()
  console.log(`read ${read} up to ${ends.map(({ offset }) => offset).join(' ')}`)
}

if (process.env['BOUNDED'] !== undefined) {
  main().catch((error: unknown) => {
    console.error(error)
    process.exitCode = 1
  })
}
