/** Tests of topologies without a broker. */
export { TopologyTestDriver, type RawRecord, type TestDriverConfig } from './topology-test-driver'
export {
  TestInputTopic,
  TestOutputTopic,
  type PipeListOptions,
  type PipeOptions,
  type TestInputOptions,
  type TestRecord,
  type TestTopicOptions,
} from './test-topics'
export type { ProducedRecord } from './recording-collector'
