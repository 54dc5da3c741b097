import { KafkaStreams, StreamsBuilder, keyValueStore, serdes, type StreamsConfig } from '../../../lib'
import { listen } from '../../../lib/http'
import { textLogger } from '../../../lib/observe/text-logger'

/**
 * Counts the records of a topic by key in the store `counts`, as a process of its own that takes its time, and answers queries over HTTP at
 * the port that it says. Configured by a JSON text in `COUNTS`.
 */
export interface CountsApp {
  readonly topic: string
  readonly msPerRecord: number
  readonly config: Omit<StreamsConfig, 'logger'>
}

const { topic, msPerRecord, config } = JSON.parse(process.env['COUNTS']!) as CountsApp
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const idle = new Int32Array(new SharedArrayBuffer(4))

const text = { key: serdes.string(), value: serdes.string() }
const builder = new StreamsBuilder()
builder
  .stream(topic, text)
  .peek(() => void Atomics.wait(idle, 0, 0, msPerRecord))
  .groupByKey()
  .count(keyValueStore('counts', { key: serdes.string(), value: serdes.long(), caching: false }))

const streams = new KafkaStreams(builder.build(), { ...config, logger: textLogger('warn') })
streams.on('error', ({ code, message }) => say(`error ${code} ${message}`))

const run = async (): Promise<void> => {
  await streams.start()
  const server = await listen(streams, { port: 0 })
  const address = server.address()
  say(`answers at ${typeof address === 'object' ? address?.port : address}.`)
}
run().catch((error: Error) => {
  say(`not started: ${error.message}`)
  process.exitCode = 1
})
