import { archiveClasses } from './archive-classes'
import { type KafkaCluster, startKafka, whyNoOwnKafka } from './cluster'
import { NO_SHARED_KAFKA, SHARED_KAFKA } from './for-tests'

/** Where jest's global teardown, in the same process, finds the broker. */
export const shared: { cluster?: KafkaCluster } = ((globalThis as Record<symbol, unknown>)[
  Symbol.for('millrace.sharedKafka')
] ??= {}) as { cluster?: KafkaCluster }

/** One broker for all specs of a run: the one that `KAFKA_BOOTSTRAP_SERVERS` names, else one of our own. */
const sharedKafka = async (): Promise<void> => {
  // Asked in any case, once for all workers: suites with clusters of their own need the answer as well.
  const reason = whyNoOwnKafka()
  const given = process.env['KAFKA_BOOTSTRAP_SERVERS']
  if (given) {
    process.env[SHARED_KAFKA] = given
    return
  }
  if (reason !== undefined) {
    process.env[NO_SHARED_KAFKA] = `no KAFKA_BOOTSTRAP_SERVERS, and ${reason}`
    return
  }
  await archiveClasses()
  // nobody stops it, so nobody waits for its session to end, and a machine that stops for seconds takes no leader away
  shared.cluster = await startKafka({ configs: { 'broker.session.timeout.ms': '60000' } })
  process.env[SHARED_KAFKA] = shared.cluster.bootstrapServers
}

export default sharedKafka
