import { KafkaStreams, StreamsBuilder, serdes } from 'millrace'
import { env, printMeasured } from './measured'

// Counts the words of a topic, timed from RUNNING to the last counted word. spec/bench/java/WordCount.java does the same.
const main = async (): Promise<void> => {
  const words = Number(env('WORDS'))
  let counted = 0
  let running = 0
  let allCounted: () => void
  const done = new Promise<void>((resolve) => (allCounted = resolve))

  const builder = new StreamsBuilder()
  builder
    .stream(env('INPUT_TOPIC'), { key: serdes.string(), value: serdes.string() })
    .flatMapValues((line) => line.split(' '))
    .selectKey((word) => word)
    .repartition({ key: serdes.string(), value: serdes.string(), partitions: 4 })
    .peek(() => {
      if (++counted === words) allCounted()
    })
    .groupByKey()
    .count('counts')
    .toStream()
    .to(env('OUTPUT_TOPIC'), { key: serdes.string(), value: serdes.long() })

  const streams = new KafkaStreams(builder.build(), {
    applicationId: env('APPLICATION_ID'),
    kafka: { brokers: env('KAFKA_BOOTSTRAP_SERVERS').split(',') },
    stateDir: env('STATE_DIR'),
    processingGuarantee: env('GUARANTEE') === 'exactly_once' ? 'exactly_once' : 'at_least_once',
    statestoreCacheMaxBytes: Number(env('CACHE_BYTES')),
    commitInterval: Number(env('COMMIT_MS')),
  })
  streams.on('stateChange', ({ to }) => {
    if (to === 'RUNNING' && running === 0) running = performance.now()
  })
  await streams.start()
  await done
  printMeasured(words, (performance.now() - running) / 1000)
  await streams.close()
}

void main()
