import { kafkaClientContract } from '../../../lib/testing/contracts/kafka/kafka-client-contract'
import { MemoryKafka } from './memory-kafka'
import { unnoticedLease } from './unnoticed-lease'

const kafka = new MemoryKafka()

afterAll(() => kafka.stop())

kafkaClientContract({ describe, test, beforeEach, afterEach }, kafka)
unnoticedLease(kafka)
