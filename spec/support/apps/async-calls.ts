import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { textLogger } from '../../../lib/observe/text-logger'
import { KafkaStreams } from '../../../lib/runtime/kafka-streams'
import * as serdes from '../../../lib/serdes'
import type { StreamsConfig } from '../../../lib/config/config'

/**
 * Calls a service for each record that takes a while, as a process of its own. Configured by a JSON text in `ASYNC_CALLS`; says on standard
 * output when it has started; closes on SIGTERM. A value `held` takes until there is something on standard input.
 */
export interface AsyncCallsApp {
  readonly input: string
  readonly output: string
  readonly callMs: number
  readonly concurrency: number
  readonly config: Omit<StreamsConfig, 'logger'>
}

const { input, output, callMs, concurrency, config } = JSON.parse(process.env['ASYNC_CALLS']!) as AsyncCallsApp
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const builder = new StreamsBuilder()
builder
  .stream(input, { key: serdes.string(), value: serdes.string() })
  .mapValuesAsync(
    async (value, _key, { signal }) => {
      if (value === 'held') {
        say('holding')
        await once(process.stdin, 'data', { signal })
        process.stdin.pause()
      } else {
        await delay(callMs, undefined, { signal })
      }
      return value
    },
    { name: 'call', concurrency, value: serdes.string() },
  )
  .to(output)

const streams = new KafkaStreams(builder.build(), { ...config, logger: textLogger('info') })
streams
  .on('stateChange', ({ to }) => say(`state ${to}`))
  .on('error', ({ code, message }) => say(`error ${code} ${message}`))
process.once('SIGTERM', () => {
  void streams.close().then((inTime) => say(`closed ${inTime ? 'in time' : 'late'}`))
})
streams.start().then(
  () => say(`started pid ${process.pid}`),
  (error: Error) => {
    say(`not started: ${error.message}`)
    process.exitCode = 1
  },
)
