import { KafkaStreams, StreamsBuilder, type StreamsConfig } from '../../../lib'
import { textLogger } from '../../../lib/observe/text-logger'
import { STATEFUL_FAMILIES } from './stateful-families'

/**
 * A family's topology as a process of its own, that takes its time. Configured by a JSON text in `STATEFUL`; says on standard
 * output how many records it has taken up and restored; closes on SIGTERM.
 */
export interface StatefulApp {
  readonly family: string
  /** Before the names of the inputs. */
  readonly inputs: string
  readonly output: string
  readonly msPerRecord: number
  readonly config: Omit<StreamsConfig, 'logger' | 'defaultTimestampExtractor'>
}

const { family, inputs, output, msPerRecord, config } = JSON.parse(process.env['STATEFUL']!) as StatefulApp
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const builder = new StreamsBuilder()
STATEFUL_FAMILIES[family]!.build(builder, (input) => `${inputs}-${input}`, output)

const idle = new Int32Array(new SharedArrayBuffer(4))
let taken = 0
let restored = 0
const streams = new KafkaStreams(builder.build(), {
  ...config,
  // called for each record of the inputs, and no operator that the topology would not have otherwise
  defaultTimestampExtractor: ({ timestamp }) => {
    Atomics.wait(idle, 0, 0, msPerRecord)
    if (++taken % 10 === 0) say(`taken ${taken}.`)
    return timestamp
  },
  logger: textLogger(process.env['LOG_LEVEL'] === 'info' ? 'info' : 'warn'),
})
streams
  .on('restoreEnd', (event) => say(`restored ${(restored += event.restored)} in all`))
  .on('error', ({ code, message }) => say(`error ${code} ${message}`))

process.once('SIGTERM', () => {
  void streams.close().then((inTime) => say(`closed ${inTime ? 'in time' : 'late'}`))
})

streams.start().then(
  () => say('started'),
  (error: Error) => {
    say(`not started: ${error.message}`)
    process.exitCode = 1
  },
)
