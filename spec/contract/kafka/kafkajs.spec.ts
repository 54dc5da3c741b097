import { describeWithKafka } from '../../support/kafka-broker'
import { kafkaContract } from '.'
import { KafkaJsKafka } from './kafkajs-kafka'

// The hand-over of partitions has hung once in many runs of a loaded machine, for a cause not found yet: a second try
// says so in the log, and fails where it is no accident.
jest.retryTimes(1, { logErrorsBeforeRetry: true })

describeWithKafka('the kafkajs adapter on a real broker', (bootstrapServers) =>
  kafkaContract(new KafkaJsKafka(bootstrapServers)),
)
