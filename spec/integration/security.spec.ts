import type { KafkaConfig } from 'kafkajs'
import { createKafkaJsClient } from '../../lib/kafka/kafkajs'
import {
  describeWithOwnKafka,
  type KafkaClientConfig,
  type KafkaCluster,
  type SaslMechanism,
  startKafka,
} from '../support/kafka-broker'
import { exercise, expectedExercise } from '../support/kafka-exercise'

const MECHANISMS: readonly SaslMechanism[] = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']

const works = async (config: KafkaClientConfig, name: string): Promise<void> => {
  const client = createKafkaJsClient(config)
  try {
    expect(await exercise(client, name)).toEqual(expectedExercise(name))
  } finally {
    await client.close()
  }
}

const isRefused = async (config: KafkaClientConfig): Promise<void> => {
  const client = createKafkaJsClient(config)
  try {
    await expect(client.admin().listTopics()).rejects.toMatchObject({ name: 'ClientError' })
  } finally {
    await client.close()
  }
}

const isToldToCheckSecurity = async (config: KafkaConfig): Promise<void> => {
  const client = createKafkaJsClient({ ...config, retry: { retries: 0 } })
  try {
    await expect(client.admin().listTopics()).rejects.toMatchObject({
      kind: 'retriable',
      message: expect.stringMatching(/that `kafka.ssl` and `kafka.sasl` are those of its port$/) as string,
    })
  } finally {
    await client.close()
  }
}

describeWithOwnKafka('a broker with TLS', () => {
  let cluster: KafkaCluster
  beforeAll(async () => {
    cluster = await startKafka({ tls: true })
  })
  afterAll(() => cluster?.close())

  it('works with a client that trusts its certificate', () => works(cluster.clientConfig(), 'tls'))

  it('tells a client without TLS what to check', () =>
    isToldToCheckSecurity({ brokers: cluster.clientConfig().brokers }))

  it('is refused by a client that does not', () => isRefused({ ...cluster.clientConfig(), ssl: { ca: [] } }))
})

describeWithOwnKafka('a broker with TLS and SASL', () => {
  let cluster: KafkaCluster
  beforeAll(async () => {
    cluster = await startKafka({ tls: true, sasl: MECHANISMS })
  })
  afterAll(() => cluster?.close())

  it.each(MECHANISMS)('works with %s', (mechanism) => works(cluster.clientConfig(mechanism), `tls-${mechanism}`))

  it.each(MECHANISMS)('refuses a wrong password by %s, as an authorization error', async (mechanism) => {
    const config = cluster.clientConfig(mechanism)
    const client = createKafkaJsClient({ ...config, sasl: { ...config.sasl!, password: 'wrong' } })
    try {
      await expect(client.admin().listTopics()).rejects.toMatchObject({ name: 'ClientError', kind: 'authorization' })
    } finally {
      await client.close()
    }
  })
})

describeWithOwnKafka('a broker with SASL and no TLS', () => {
  let cluster: KafkaCluster
  beforeAll(async () => {
    cluster = await startKafka({ sasl: MECHANISMS })
  })
  afterAll(() => cluster?.close())

  it.each(MECHANISMS)('works with %s', (mechanism) => works(cluster.clientConfig(mechanism), `sasl-${mechanism}`))

  it.each<[string, { ssl?: true }]>([
    ['SASL', {}],
    ['SASL, and with TLS,', { ssl: true }],
  ])('tells a client without %s what to check', (_, security) =>
    isToldToCheckSecurity({ brokers: cluster.clientConfig().brokers, ...security }),
  )
})
