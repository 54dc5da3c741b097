import { compactionContract } from './compaction'
import type { KafkaContract, KafkaUnderTest } from './under-test'

const contracts: Record<string, KafkaContract> = {
  'compacted topics': compactionContract,
}

/** Everything that the runtime expects of an adapter of the port. */
export const kafkaContract = (kafka: KafkaUnderTest): void => {
  beforeAll(() => kafka.start())
  afterAll(() => kafka.stop())
  afterEach(() => kafka.closeClients())
  for (const [name, contract] of Object.entries(contracts)) describe(name, () => contract(kafka))
}
