import { kafkaContract } from '.'
import { MemoryKafka } from './memory-kafka'

describe('the in-memory adapter', () => kafkaContract(new MemoryKafka()))
