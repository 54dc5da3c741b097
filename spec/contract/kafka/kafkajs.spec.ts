import { kafkaClientContract } from '../../../lib/testing/contracts/kafka/kafka-client-contract'
import { describeWithKafka } from '../../support/kafka-broker'
import { KafkaJsKafka } from './kafkajs-kafka'
import { unnoticedLease } from './unnoticed-lease'

describeWithKafka('on a real broker', (bootstrapServers) => {
  const kafka = new KafkaJsKafka(bootstrapServers)

  beforeAll(() => kafka.start())
  afterAll(() => kafka.stop())

  kafkaClientContract({ describe, test, beforeEach, afterEach }, kafka)
  unnoticedLease(kafka)
})
