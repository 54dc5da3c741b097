import { describeWithKafka } from '../../support/kafka-broker'
import { kafkaContract } from '.'
import { KafkaJsKafka } from './kafkajs-kafka'

describeWithKafka('the kafkajs adapter on a real broker', (bootstrapServers) =>
  kafkaContract(new KafkaJsKafka(bootstrapServers)),
)
