import { connect } from '../../lib/kafka/client'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS } from '../../lib/record/headers'
import { env, topicInEnv } from './environment'

// The stateless workload on the bare Kafka client: reads the same topic, drops the same records and writes the rest as they
// are. What a stream processor can reach at best with this client. Prints HALF and DONE beside RUNNING.
const A = 'a'.charCodeAt(0)

const main = async (): Promise<void> => {
  const brokers = env('KAFKA_BOOTSTRAP_SERVERS').split(',')
  const client = connect({ brokers }, { clientId: 'ceiling', logger: silentLogger })
  const [input, output] = [topicInEnv('texts'), topicInEnv('out')]
  const partitions = Array.from({ length: Number(env('PARTITIONS')) }, (_, partition) => ({ topic: input, partition }))
  const ends = await client.admin().listOffsets(partitions.map((each) => ({ ...each, at: 'latest' as const })))
  const total = [...ends.values()].reduce((sum, end) => sum + end, 0)
  const producer = client.producer({})
  await producer.init()
  await producer.loadTopics([output])
  const fetcher = client.fetcher({ isolation: 'read_uncommitted' })
  for (const { topic, partition } of partitions) fetcher.assign(topic, partition, 0)
  console.log('RUNNING')
  let half = false
  for (let read = 0; read < total;) {
    for (const fetched of await fetcher.poll(1000)) {
      if (fetched.error) throw fetched.error
      const cursor = fetched.records()
      while (cursor.advance()) {
        read++
        const { key, value } = cursor
        if (value![0] !== A) producer.append(output, fetched.partition, key, value, cursor.timestamp, NO_HEADERS)
      }
      if (!producer.writable) await producer.drained()
    }
    if (!half && read * 2 >= total) {
      half = true
      console.log('HALF')
    }
  }
  await producer.flush()
  console.log('DONE')
  process.stdin.resume().once('end', () => void client.close())
}

void main()
