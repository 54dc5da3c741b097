import { join } from 'node:path'
import { newBatch, openDatabase } from '../../../lib/state/level/level-database'
import { env, topicInEnv } from '../environment'
import { recordCount } from '../topics'
import { openClient } from './client'

// What the bare Kafka client and LevelDB take to bring a changelog to disk, in a database for each partition as millrace has
// one for each task: no restore that uses them can be faster. Prints what app.ts does.
const BATCH_RECORDS = 8192

const main = async (): Promise<void> => {
  const client = openClient()
  const topic = topicInEnv('table-changelog')
  const partitions = Array.from({ length: Number(env('PARTITIONS')) }, (_, partition) => partition)
  const databases = await Promise.all(partitions.map((each) => openDatabase(join(env('STATE_DIR'), String(each)))))
  const total = await recordCount(client.admin(), topic)
  const begin = performance.now()
  const fetcher = client.fetcher({ isolation: 'read_committed' })
  for (const partition of partitions) fetcher.assign(topic, partition, 0)
  let read = 0
  while (read < total) {
    for (const fetched of await fetcher.poll(1000)) {
      if (fetched.error) throw fetched.error
      const database = databases[fetched.partition]!
      const cursor = fetched.records()
      for (let more = cursor.advance(); more;) {
        const batch = newBatch(database)
        for (let count = 0; more && count < BATCH_RECORDS; count++, more = cursor.advance()) {
          batch.put(cursor.key!, cursor.value!)
          read++
        }
        await batch.write()
      }
    }
  }
  console.log(`RESTORED ${read} in ${(performance.now() - begin) / 1000}`)
  console.log('RUNNING')
  process.stdin.resume().once('end', () => {
    void Promise.all([client.close(), ...databases.map((database) => database.close())])
  })
}

void main()
