import { KafkaJsKafka } from './kafkajs-kafka'
import { MemoryKafka } from './memory-kafka'
import { producerContract } from './producer'
import { transactionsContract } from './transactions'
import { groupContract } from './group'
const run = (kafka: any) => {
  beforeAll(() => kafka.start())
  afterAll(() => kafka.stop())
  afterEach(() => kafka.closeClients())
  describe('producer', () => producerContract(kafka))
  describe('transactions', () => transactionsContract(kafka))
  describe('group', () => groupContract(kafka))
}
if (process.env.K) describe('kafkajs', () => run(new KafkaJsKafka(process.env.K!)))
else describe('memory', () => run(new MemoryKafka()))
