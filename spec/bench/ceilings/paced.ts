import { NO_HEADERS } from '../../../lib/record/headers'
import { topicInEnv } from '../environment'
import { readFromStart } from '../topics'
import { workloadNamed } from '../workloads'
import { openClient } from './client'

// How soon the bare Kafka client passes records on: each is written to `out` as it is read.
const main = async (): Promise<void> => {
  const client = openClient()
  const out = topicInEnv('out')
  const producer = client.producer({ lingerMs: 0 })
  await producer.init()
  await producer.loadTopics([out])
  const inputs = workloadNamed(process.argv[2]!)
    .inputs(1)
    .map(({ name }) => topicInEnv(name))
  const fetcher = await readFromStart(client, inputs, 'read_uncommitted')
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
