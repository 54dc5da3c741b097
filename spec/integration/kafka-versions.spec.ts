import { createKafkaJsClient } from '../../lib/kafka/kafkajs'
import { describeWithOwnKafka, KAFKA_VERSION, type KafkaCluster, startKafka } from '../support/kafka-broker'
import { exercise, expectedExercise } from '../support/kafka-exercise'

/** The oldest release that the README promises; the newest one is what all other suites run on. */
const OLDEST = '3.0.2'

for (const version of [OLDEST, KAFKA_VERSION]) {
  describeWithOwnKafka(
    `Kafka ${version}`,
    () => {
      let cluster: KafkaCluster

      beforeAll(async () => {
        cluster = await startKafka({ version })
      }, 300_000)

      afterAll(() => cluster?.close())

      it('is produced to, fetched from, joined as a group and written in transactions', async () => {
        const client = createKafkaJsClient(cluster.clientConfig())
        try {
          expect(await exercise(client, 'versions')).toEqual(expectedExercise('versions'))
        } finally {
          await client.close()
        }
      })
    },
    { version },
  )
}
