import { connect } from '../../../lib/kafka/client'
import type { KafkaClient } from '../../../lib/kafka/port'
import { silentLogger } from '../../../lib/observe/logger'
import { env } from '../environment'

/** The client that a ceiling consists of. */
export const openClient = (): KafkaClient =>
  connect({ brokers: env('KAFKA_BOOTSTRAP_SERVERS').split(',') }, { clientId: 'ceiling', logger: silentLogger })
