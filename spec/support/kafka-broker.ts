/** A real Kafka for tests and benchmarks. */
export {
  type KafkaBroker,
  type KafkaCluster,
  type KafkaClientConfig,
  type KafkaOptions,
  startKafka,
} from './kafka/cluster'
export { SASL_USER, type SaslMechanism } from './kafka/node-config'
export { describeWithJava, describeWithKafka, describeWithOwnKafka, kafkaForTests } from './kafka/for-tests'
export {
  compileJava,
  javaAvailable,
  type JavaOptions,
  KAFKA_VERSION,
  kafkaClasspath,
  runJava,
  startJava,
} from './kafka/java'
export { freePort } from './kafka/ports'
