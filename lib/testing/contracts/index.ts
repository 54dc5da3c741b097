/** Contract suites of what can be plugged into millrace: an implementation that passes them works with it. */
export type { TestFramework } from './test-framework'
export { stateEngineContract, type StateEngineSetup } from './state/state-engine-contract'
export { kafkaClientContract } from './kafka/kafka-client-contract'
export { FILLER_KEY, type KafkaClientSetup } from './kafka/kafka-client-setup'
