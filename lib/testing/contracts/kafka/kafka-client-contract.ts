import type { TestFramework } from '../test-framework'
import { adminContract } from './admin-contract'
import { compactionContract } from './compaction-contract'
import { fetcherContract } from './fetcher-contract'
import { groupContract } from './group-contract'
import type { KafkaClientSetup, KafkaContract } from './kafka-client-setup'
import { leaseContract } from './lease-contract'
import { producerContract } from './producer-contract'
import { recordsContract } from './records-contract'
import { transactionsContract } from './transactions-contract'

const contracts: Readonly<Record<string, KafkaContract>> = {
  admin: adminContract,
  records: recordsContract,
  producer: producerContract,
  fetcher: fetcherContract,
  'compacted topics': compactionContract,
  transactions: transactionsContract,
  groups: groupContract,
  leases: leaseContract,
}

/**
 * What the runtime relies on in a `KafkaClient`, as tests: run it in the test suite of a client of your own. Assertions are those of
 * `node:assert`. Some tests wait for a session or a rebalance to time out, so allow each 30 seconds.
 *
 * What only one client can show (cut connections, TLS, batches that Java has written) is for tests of its own.
 *
 * @example
 * // describe, test, beforeEach and afterEach are those of jest, vitest or node:test
 * kafkaClientContract({ describe, test, beforeEach, afterEach }, setup)
 */
export const kafkaClientContract = (framework: TestFramework, setup: KafkaClientSetup): void => {
  framework.describe(`Kafka client ${setup.name}`, () => {
    framework.afterEach(() => setup.closeClients())
    for (const [name, contract] of Object.entries(contracts)) {
      framework.describe(name, () => contract(framework, setup))
    }
  })
}
