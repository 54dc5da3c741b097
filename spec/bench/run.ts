import { parseArgs } from 'node:util'
import { javaAvailable, type KafkaCluster, startKafka } from '../support/kafka-broker'
import { Contestants } from './contestants'
import { benchRestore } from './restore'
import { benchWordCount } from './word-count'

const USAGE = `usage: npm run bench -- <benchmark> [options]

  word-count   [--words 4000000] [--guarantee at_least_once|exactly_once] [--rounds 3]
  restore      [--records 2000000] [--keys 1000000] [--rounds 3]

millrace and Java Kafka Streams take turns on the same topic. The broker is the one that KAFKA_BOOTSTRAP_SERVERS names,
else one started for the run. Needs Java 17 or newer and Maven.`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    words: { type: 'string', default: '4000000' },
    guarantee: { type: 'string', default: 'at_least_once' },
    records: { type: 'string', default: '2000000' },
    keys: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
  },
})

const count = (name: 'words' | 'records' | 'keys' | 'rounds'): number => {
  const value = Number(values[name])
  if (!Number.isInteger(value) || value < 1)
    throw new Error(`--${name} ${values[name]}: a whole number above 0 is wanted`)
  return value
}

const guarantee = (): 'at_least_once' | 'exactly_once' => {
  if (values.guarantee === 'at_least_once' || values.guarantee === 'exactly_once') return values.guarantee
  throw new Error(`--guarantee ${values.guarantee}: at_least_once or exactly_once is wanted`)
}

const benchmarks: Record<string, (contestants: Contestants, servers: string) => Promise<void>> = {
  'word-count': (contestants, servers) =>
    benchWordCount(contestants, servers, { words: count('words'), rounds: count('rounds'), guarantee: guarantee() }),
  restore: (contestants, servers) =>
    benchRestore(contestants, servers, { records: count('records'), keys: count('keys'), rounds: count('rounds') }),
}

const main = async (): Promise<void> => {
  const benchmark = benchmarks[positionals[0] ?? '']
  if (!benchmark) throw new Error(USAGE)
  if (!javaAvailable())
    throw new Error('The benchmarks compare with Java Kafka Streams: Java 17 or newer and Maven are needed.')
  const contestants = new Contestants()
  let cluster: KafkaCluster | undefined
  try {
    await contestants.prepare()
    const given = process.env['KAFKA_BOOTSTRAP_SERVERS']
    if (!given) cluster = await startKafka({ fullJvm: true })
    await benchmark(contestants, given || cluster!.bootstrapServers)
  } finally {
    await cluster?.close()
    contestants.close()
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
})
