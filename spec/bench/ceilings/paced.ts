import { connect } from '../../../lib/kafka/client'
import { silentLogger } from '../../../lib/observe/logger'
import { NO_HEADERS } from '../../../lib/record/headers'
import { env, topicInEnv } from '../environment'
import { partitionsOf } from '../topics'
import { workloadNamed } from '../workloads'

// How soon the bare Kafka client passes records on: each is written to `out` as it is read.
const main = async (): Promise<void> => {
  const brokers = env('KAFKA_BOOTSTRAP_SERVERS').split(',')
  const client = connect({ brokers }, { clientId: 'ceiling', logger: silentLogger })
  const out = topicInEnv('out')
  const producer = client.producer({ lingerMs: 0 })
  await producer.init()
  await producer.loadTopics([out])
  const fetcher = client.fetcher({ isolation: 'read_uncommitted' })
  const inputs = workloadNamed(process.argv[2]!).inputs(1)
  for (const { topic, partition } of await partitionsOf(
    client.admin(),
    inputs.map(({ name }) => topicInEnv(name)),
  )) {
    fetcher.assign(topic, partition, 0)
  }
  let open = true
  process.stdin.resume().once('end', () => {
    open = false
    fetcher.wakeup()
  })
  console.log('RUNNING')
  while (open) {
    for (const fetched of await fetcher.poll(1000)) {
      if (fetched.error) throw fetched.error
      const cursor = fetched.records()
      while (cursor.advance()) {
        producer.append(out, fetched.partition, cursor.key, cursor.value, cursor.timestamp, NO_HEADERS)
      }
    }
  }
  await client.close()
}

void main()
