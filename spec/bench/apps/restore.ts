import { KafkaStreams, StreamsBuilder, serdes } from 'millrace'
import { env, printMeasured } from './measured'

// Restores a table from its changelog into an empty state directory, timed from the start of the first partition to the
// end of the last. spec/bench/java/Restore.java does the same.
const main = async (): Promise<void> => {
  let records = 0
  let begun = 0
  let ended = 0

  const builder = new StreamsBuilder()
  builder.table(env('INPUT_TOPIC'), { key: serdes.string(), value: serdes.bytes() }, env('STORE'))

  const streams = new KafkaStreams(builder.build(), {
    applicationId: env('APPLICATION_ID'),
    kafka: { brokers: env('KAFKA_BOOTSTRAP_SERVERS').split(',') },
    stateDir: env('STATE_DIR'),
  })
  streams.on('restoreStart', () => {
    begun ||= performance.now()
  })
  streams.on('restoreEnd', ({ restored }) => {
    records += restored
    ended = performance.now()
  })
  await streams.start()
  printMeasured(records, (ended - begun) / 1000)
  await streams.close()
}

void main()
