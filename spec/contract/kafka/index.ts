import { adminContract } from './admin'
import { compactionContract } from './compaction'
import { fetcherContract } from './fetcher'
import { groupContract } from './group'
import { leaseContract } from './lease'
import { producerContract } from './producer'
import { recordsContract } from './records'
import { transactionsContract } from './transactions'
import type { KafkaContract, KafkaUnderTest } from './under-test'

const contracts: Record<string, KafkaContract> = {
  admin: adminContract,
  records: recordsContract,
  producer: producerContract,
  fetcher: fetcherContract,
  'compacted topics': compactionContract,
  transactions: transactionsContract,
  groups: groupContract,
  leases: leaseContract,
}

/** Everything that the runtime expects of an adapter of the port. */
export const kafkaContract = (kafka: KafkaUnderTest): void => {
  beforeAll(() => kafka.start())
  afterAll(() => kafka.stop())
  afterEach(() => kafka.closeClients())
  for (const [name, contract] of Object.entries(contracts)) describe(name, () => contract(kafka))
}
