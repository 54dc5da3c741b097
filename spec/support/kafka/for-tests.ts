import { whyNoOwnKafka } from './cluster'
import { javaAvailable, whyNoJava } from './java'

/** Set by jest's global setup to the broker that all specs of a run share. */
export const SHARED_KAFKA = 'MILLRACE_TEST_KAFKA'
/** Set instead when there is none, to the reason. */
export const NO_SHARED_KAFKA = 'MILLRACE_TEST_NO_KAFKA'

/** Bootstrap servers of the broker that all specs of this run share (take topics, groups and ids of your own), or null. */
export const kafkaForTests = (): string | null => process.env[SHARED_KAFKA] || null

type Suite = () => void

const describeUnless = (reason: string | undefined, name: string, suite: Suite): void => {
  if (reason === undefined) describe(name, suite)
  else describe.skip(`${name} [SKIPPED: ${reason}]`, suite)
}

/** A suite against the shared broker; skipped, and reported as such at the end of `npm test`, where there is none. */
export const describeWithKafka = (name: string, suite: (bootstrapServers: string) => void): void => {
  const servers = kafkaForTests()
  const reason = servers
    ? undefined
    : (process.env[NO_SHARED_KAFKA] ?? 'no shared Kafka: not in the jest project "kafka"')
  describeUnless(reason, name, () => suite(servers ?? ''))
}

/** A suite that starts clusters of its own by `startKafka`: to stop them, or with a version or security of their own. */
export const describeWithOwnKafka = (name: string, suite: Suite, { version }: { version?: string } = {}): void =>
  describeUnless(whyNoOwnKafka(version), name, suite)

/** A suite that runs Java beside Kafka: batches written by Java's producer, comparisons with Kafka Streams. */
export const describeWithJava = (name: string, suite: Suite): void =>
  describeUnless(javaAvailable() ? undefined : whyNoJava(), name, suite)
