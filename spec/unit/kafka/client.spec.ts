import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { connect } from '../../../lib/kafka/client'
import type { KafkaClient, KafkaClientFactory, KafkaClientOptions } from '../../../lib/kafka/port'
import { silentLogger } from '../../../lib/observe/logger'
import { EmbeddedApps, until } from '../../support/embedded-apps'

describe('a Kafka client of one’s own', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 1, shouts: 1 })
  })

  afterEach(() => apps.close())

  /** Passes everything on to the embedded Kafka, and notes how it is made and closed. */
  class NotingKafka implements KafkaClientFactory {
    readonly made: KafkaClientOptions[] = []
    closed = 0

    client(options: KafkaClientOptions): KafkaClient {
      this.made.push(options)
      const client = apps.kafka.client()
      return {
        fetcher: (config) => client.fetcher(config),
        group: (config, listener) => client.group(config, listener),
        producer: (config) => client.producer(config),
        admin: () => client.admin(),
        close: () => {
          this.closed++
          return client.close()
        },
      }
    }
  }

  const shouting = () => {
    const builder = new StreamsBuilder()
    builder
      .stream<string, string>('lines')
      .mapValues((line) => line.toUpperCase())
      .to('shouts')
    return builder.build()
  }

  it('runs an application, which tells it clientId and logger, and closes it', async () => {
    const kafka = new NotingKafka()
    const warnings: string[] = []
    const logger = { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) }
    const app = apps.create(shouting(), { kafka, clientId: 'shouter', logger })
    await app.start()
    await apps.kafka.produce('lines', [{ value: '"hello"' }])
    await until(async () => (await apps.kafka.read('shouts')).length > 0)
    await app.close()
    expect((await apps.kafka.read('shouts')).map(({ value }) => value)).toEqual(['"HELLO"'])
    expect(kafka.made).toEqual([{ clientId: 'shouter', logger: expect.anything() }])
    kafka.made[0]!.logger.warn({}, 'from the client')
    expect(warnings).toEqual(['from the client'])
    expect(kafka.closed).toBe(1)
  })

  it.each([
    ['a promise of a client', () => Promise.resolve(apps.kafka.client())],
    ['nothing', () => undefined],
  ])('is refused at the start where the factory returns %s', async (_, client) => {
    const kafka = { client } as unknown as KafkaClientFactory
    await expect(apps.create(shouting(), { kafka }).start()).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      message: expect.stringContaining('kafka.client() returned no KafkaClient'),
    })
  })

  it('is named by the methods that it lacks', () => {
    const { fetcher, group, producer } = apps.kafka.client()
    const kafka = { client: () => ({ fetcher, group, producer }) } as unknown as KafkaClientFactory
    expect(() => connect(kafka, { clientId: 'app', logger: silentLogger })).toThrow('admin(), close() missing')
  })
})
