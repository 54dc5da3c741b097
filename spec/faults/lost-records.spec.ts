import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { KafkaStreams, type ProcessingGuarantee, serdes, StreamsBuilder } from '../../lib'
import { connect } from '../../lib/kafka/client'
import type { Admin, KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS } from '../../lib/record/headers'
import { tpKey } from '../../lib/record/topic-partition'
import { describeWithOwnKafka, type KafkaCluster, startKafka } from '../support/kafka-broker'
import { readTopics } from '../support/topics'

const GUARANTEES: readonly ProcessingGuarantee[] = ['at_least_once', 'exactly_once']
const text = { key: serdes.string(), value: serdes.string() }

describeWithOwnKafka('brokers that lose records of a source topic', () => {
  let cluster: KafkaCluster
  let client: KafkaClient
  let admin: Admin
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-lost-'))
    cluster = await startKafka({ brokers: 3, configs: { 'unclean.leader.election.interval.ms': '500' } })
    client = connect(cluster.clientConfig(), { clientId: 'lost-records-test', logger: silentLogger })
    admin = client.admin()
  })
  afterAll(async () => {
    await admin?.close()
    await client?.close()
    await cluster?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Its second replica may lead without having all records: an unclean leader election. */
  const createSource = async (topic: string): Promise<void> => {
    const kafka = new Kafka({ ...cluster.clientConfig(), logLevel: logLevel.NOTHING })
    const own = kafka.admin()
    await own.connect()
    const configEntries = Object.entries({ 'min.insync.replicas': '1', 'unclean.leader.election.enable': 'true' })
    await own.createTopics({
      waitForLeaders: true,
      topics: [
        {
          topic,
          replicaAssignment: [{ partition: 0, replicas: [1, 2] }],
          configEntries: configEntries.map(([name, value]) => ({ name, value })),
        },
      ],
    })
    await own.disconnect()
  }
  const produce = async (topic: string, values: readonly string[]): Promise<void> => {
    const producer = client.producer({ lingerMs: 0 })
    await producer.init()
    await producer.loadTopics([topic])
    for (const value of values) producer.append(topic, 0, null, value, Date.now(), NO_HEADERS)
    await producer.flush()
    await producer.close()
  }
  const endOf = async (topic: string): Promise<number> =>
    (await admin.listOffsets([{ topic, partition: 0, at: 'latest' }])).get(tpKey(topic, 0))!
  const valuesOf = async (topic: string): Promise<(string | null)[]> =>
    (await readTopics(client, [topic])).get(topic)!.map(({ value }) => value)

  it('and have others at the offsets of these: none of those is skipped after a restart', async () => {
    const [one, two] = cluster.brokers
    const errors: string[] = []
    const jobs = GUARANTEES.map((processingGuarantee, i) => {
      const name = `lost-${processingGuarantee}`
      const [input, output] = [`${name}-in`, `${name}-out`]
      const start = async (): Promise<KafkaStreams> => {
        const builder = new StreamsBuilder()
        builder.stream(input, text).to(output, text)
        const app = new KafkaStreams(builder.build(), {
          applicationId: name,
          kafka: cluster.clientConfig(),
          processingGuarantee,
          commitInterval: 100,
          stateDir: join(folder, String(i)),
          logger: { ...silentLogger, error: (_: object, message: string) => void errors.push(message) },
        })
        await app.start()
        return app
      }
      const untilOutput = async (count: number): Promise<void> => {
        while ((await valuesOf(output)).length < count) await sleep(100)
      }
      return { name, input, output, start, untilOutput }
    })
    const ofEach = <T>(work: (job: (typeof jobs)[number]) => Promise<T>): Promise<T[]> => Promise.all(jobs.map(work))

    await ofEach(({ input }) => createSource(input))
    await admin.createTopics(jobs.map(({ output }) => ({ topic: output, partitions: 1 })))
    const apps = await ofEach(({ start }) => start())
    await ofEach(({ input }) => produce(input, ['a', 'b']))
    await ofEach(({ untilOutput }) => untilOutput(2))
    await two!.stop()
    await ofEach(({ input }) => produce(input, ['c', 'd', 'e']))
    await ofEach(({ untilOutput }) => untilOutput(5))
    await Promise.all(apps.map((app) => app.close()))
    // also where the broker that has stopped was their coordinator
    for (const { name } of jobs) expect((await admin.describeGroup(name)).members).toEqual([])

    await one!.kill()
    await two!.start()
    await ofEach(async ({ input }) => {
      while ((await endOf(input)) !== 2) await sleep(100)
    })
    await ofEach(({ input }) => produce(input, ['f', 'g', 'h', 'i', 'j']))
    const again = await ofEach(({ start }) => start())
    await ofEach(({ untilOutput }) => untilOutput(10))
    await Promise.all(again.map((app) => app.close()))
    for (const { output } of jobs) expect(await valuesOf(output)).toEqual([...'abcdefghij'])
    expect(errors.sort()).toEqual(
      jobs.map(({ input }) => expect.stringMatching(`have lost records of ${input} partition 0 .* at offset 2, where`)),
    )
  }, 180_000)
})
