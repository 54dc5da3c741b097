import { KafkaStreams, serdes, StreamsBuilder } from '../../../lib'
import { EmbeddedKafka } from '../../../lib/embedded'

/*
 * A program as users write it. Arguments: the state directory, where its Kafka is (`embedded`, or a port of this machine), what
 * it does about failures (`awaits` the end, `listens` to errors, or `ignores` them), and the topic that it reads.
 */
const [, , stateDir, where, onFailure, topic] = process.argv as string[]
const kafka = new EmbeddedKafka({ topics: { lines: 1, out: 1 } })

const builder = new StreamsBuilder()
builder.stream(topic!, { value: serdes.string() }).foreach(() => {
  throw new Error('no such line')
})
const streams = new KafkaStreams(builder.build(), {
  applicationId: 'program',
  kafka: where === 'embedded' ? kafka : { brokers: [`127.0.0.1:${where}`] },
  stateDir: stateDir!,
  commitInterval: 20,
})
streams.on('stateChange', ({ to }) => console.log(`state ${to}`))
if (onFailure === 'listens') streams.on('error', ({ code }) => console.log(`heard ${code}`))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void streams.close())

const main = async (): Promise<void> => {
  await streams.start()
  if (streams.state === 'RUNNING') await kafka.produce('lines', [{ value: 'a' }])
  if (onFailure === 'awaits') await streams.closed
}
void main()
