import { createInterface } from 'node:readline'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { textLogger } from '../../../lib/observe/text-logger'
import { KafkaStreams } from '../../../lib/runtime/kafka-streams'
import * as serdes from '../../../lib/serdes'
import type { StreamsConfig } from '../../../lib/config/config'
import { block } from '../block'

/**
 * Word count as a process of its own. Configured by a JSON text in `WORD_COUNT`; says on standard output what it goes through;
 * closes on SIGTERM. A word `slow:<ms>` blocks the event loop that long, `await:<ms>` is awaited, `throw:` throws.
 */
export interface WordCountApp {
  readonly input: string
  readonly output: string
  readonly config: Omit<StreamsConfig, 'logger'>
}

const { input, output, config } = JSON.parse(process.env['WORD_COUNT']!) as WordCountApp
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const builder = new StreamsBuilder()
const words = builder
  .stream(input, { key: serdes.string(), value: serdes.string() })
  .flatMapValues((line) => line.split(' '))
words
  .filter((word) => word.startsWith('await:'), { name: 'waiting-words' })
  .foreach((word) => new Promise<void>((resolve) => setTimeout(resolve, Number(word.slice(6)))), {
    name: 'wait-for-it',
  })
words
  .peek(
    (word) => {
      if (word.startsWith('slow:')) block(Number(word.slice(5)))
      if (word.startsWith('throw:')) throw new Error('this word can not be counted')
    },
    { name: 'look-at-word' },
  )
  .groupBy((word) => word, { key: serdes.string(), value: serdes.string() })
  .count({ store: 'counts' })
  .toStream()
  .to(output, { key: serdes.string(), value: serdes.long() })

const streams = new KafkaStreams(builder.build(), {
  ...config,
  logger: textLogger(process.env['LOG_LEVEL'] === 'debug' ? 'debug' : 'info'),
})
let replayed = 0
streams
  .on('stateChange', ({ to }) => say(`state ${to}`))
  .on('rebalance', ({ generation, tasks }) => say(`generation ${generation} tasks [${tasks.join(' ')}]`))
  .on('restoreEnd', ({ taskId, restored }) => {
    replayed += restored
    say(`restored ${restored} of ${taskId}, ${replayed} in all`)
  })
  .on('warning', ({ code }) => say(`warning ${code}`))
  .on('error', ({ code, message, location }) => say(`error ${code} ${location.operator ?? ''} ${message}`))

process.once('SIGTERM', () => {
  void streams.close().then((inTime) => say(`closed ${inTime ? 'in time' : 'late'}`))
})
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'close') void streams.close().then(() => say('closed'))
    if (line === 'pid') say(`pid ${process.pid}`)
  })
  .on('close', () => {})
process.stdin.unref()

streams.start().then(
  () => say(`started pid ${process.pid}`),
  (error: Error) => {
    say(`not started: ${error.message}`)
    process.exitCode = 1
  },
)
