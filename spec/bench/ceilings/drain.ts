import { env, topicInEnv } from '../environment'
import { createTopics } from '../topics'
import { workloadNamed } from '../workloads'
import { openClient } from './client'
import { repeatTraffic, writtenBy } from './traffic'

// What the bare Kafka client takes to read and write what millrace has read and written in its turn: no stream processor that
// uses it can be faster. Prints HALF and DONE beside RUNNING.
const main = async (): Promise<void> => {
  const client = openClient()
  const applicationId = env('APPLICATION_ID')
  const written = await writtenBy(client, env('CEILING_OF'))
  await createTopics(
    client.admin(),
    written.map(({ name, partitions }) => ({ topic: `${applicationId}-${name}`, partitions })),
  )
  const inputs = workloadNamed(process.argv[2]!)
    .inputs(1)
    .map(({ name }) => topicInEnv(name))
  console.log('RUNNING')
  await repeatTraffic(client, { inputs, written, applicationId }, () => console.log('HALF'))
  console.log('DONE')
  process.stdin.resume().once('end', () => void client.close())
}

void main()
