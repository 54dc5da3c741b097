import { KafkaStreams, StreamsBuilder } from 'millrace'
import { env, numberInEnv, topicInEnv } from './environment'
import { workloadNamed } from './workloads'

// Runs the workload that the argument names, until standard input ends. java/Bench.java does the same and prints the same:
// RUNNING, and RESTORED with how many records it took how many seconds to restore, from the first partition's start to the
// last one's end.
const main = async (): Promise<void> => {
  const builder = new StreamsBuilder()
  workloadNamed(process.argv[2]!).build(builder, {
    topic: topicInEnv,
    partitions: Number(env('PARTITIONS')),
    registry: env('SCHEMA_REGISTRY'),
  })
  const streams = new KafkaStreams(builder.build(), {
    applicationId: env('APPLICATION_ID'),
    kafka: { brokers: env('KAFKA_BOOTSTRAP_SERVERS').split(',') },
    stateDir: env('STATE_DIR'),
    processingGuarantee: env('GUARANTEE') === 'exactly_once' ? 'exactly_once' : 'at_least_once',
    statestoreCacheMaxBytes: numberInEnv('CACHE_BYTES'),
    commitInterval: numberInEnv('COMMIT_MS'),
    producer: { linger: numberInEnv('LINGER_MS') },
  })
  let begun = 0
  let ended = 0
  let records = 0
  streams.on('restoreStart', () => {
    begun ||= performance.now()
  })
  streams.on('restoreEnd', ({ restored }) => {
    records += restored
    ended = performance.now()
  })
  await streams.start()
  if (records > 0) console.log(`RESTORED ${records} in ${(ended - begun) / 1000}`)
  console.log('RUNNING')
  process.stdin.resume().once('end', () => void streams.close())
  await streams.closed
}

void main()
