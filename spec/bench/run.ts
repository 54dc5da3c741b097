import { readCommandLine } from '../support/command-line'
import { javaAvailable, type KafkaCluster, startKafka } from '../support/kafka-broker'
import { Contestants } from './contestants'
import { benchRestore } from './restore'
import { benchWordCount } from './word-count'

const { command, values } = readCommandLine({
  command: 'npm run bench --',
  about: `Measures millrace against Java Kafka Streams. Both take turns on the same topic, and the last line has the ratio.
The broker is the one that KAFKA_BOOTSTRAP_SERVERS names, else one started for the run.
Needs Java 17 or newer and Maven.`,
  commands: {
    'word-count': 'Count words: a repartition topic, a store and its changelog',
    restore: 'Rebuild a store from its changelog',
  },
  options: {
    rounds: { type: 'number', default: 3, help: 'How often each contestant runs' },
    words: { type: 'number', default: 4_000_000, help: 'word-count: words in the input topic' },
    guarantee: {
      type: 'text',
      value: 'NAME',
      choices: ['at_least_once', 'exactly_once'],
      default: 'at_least_once',
      help: 'word-count: processing guarantee',
    },
    records: { type: 'number', default: 2_000_000, help: 'restore: records in the changelog' },
    keys: { type: 'number', default: 1_000_000, help: 'restore: different keys among them' },
  },
})

const run = (contestants: Contestants, servers: string): Promise<void> => {
  const { rounds, words, guarantee, records, keys } = values
  return command === 'restore'
    ? benchRestore(contestants, servers, { records, keys, rounds })
    : benchWordCount(contestants, servers, { words, rounds, guarantee })
}

const main = async (): Promise<void> => {
  if (!javaAvailable())
    throw new Error('The benchmarks compare with Java Kafka Streams: Java 17 or newer and Maven are needed.')
  const contestants = new Contestants()
  let cluster: KafkaCluster | undefined
  try {
    await contestants.prepare()
    const given = process.env['KAFKA_BOOTSTRAP_SERVERS']
    if (!given) cluster = await startKafka({ fullJvm: true })
    await run(contestants, given || cluster!.bootstrapServers)
  } finally {
    await cluster?.close()
    contestants.close()
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
