import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import type { ProcessingGuarantee } from '../../lib/config/config'
import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { silentLogger } from '../../lib/observe/logger'
import { KafkaStreams } from '../../lib/runtime/kafka-streams'
import * as serdes from '../../lib/serdes'
import { keyValueStore } from '../../lib/state/stores'
import { until } from '../support/embedded-apps'
import { describeWithKafka } from '../support/kafka-broker'
import { QueryInstance } from '../support/query-instances'
import { RoundRobin } from '../support/round-robin'

const PARTITIONS = 6
const KEYS = Array.from({ length: 60 }, (_, i) => `key-${i}`)
const countOf = (i: number): number => (i % 5) + 1
const EXPECTED = new Map(KEYS.map((key, i) => [key, countOf(i)]))
const counts = keyValueStore('counts', { key: serdes.string(), value: serdes.long() })

describeWithKafka('queries of three instances on a real broker', (bootstrapServers) => {
  const brokers = bootstrapServers.split(',')
  const kafka = new Kafka({ clientId: 'interactive-queries', brokers, logLevel: logLevel.NOTHING })
  let name: string
  let folder: string
  const instances: QueryInstance[] = []
  const clients = new RoundRobin('counts', EXPECTED)

  beforeEach(async () => {
    name = `queries-${Math.random().toString(36).slice(2, 8)}`
    folder = mkdtempSync(join(tmpdir(), 'millrace-queries-'))
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({ topics: [{ topic: name, numPartitions: PARTITIONS }] })
    await admin.disconnect()
    const producer = kafka.producer()
    await producer.connect()
    const messages = [...EXPECTED].flatMap(([key, count]) => Array.from({ length: count }, () => ({ key, value: 'x' })))
    await producer.send({ topic: name, messages })
    await producer.disconnect()
  })
  afterEach(async () => {
    await Promise.all(instances.splice(0).map((instance) => instance.close()))
    rmSync(folder, { recursive: true, force: true })
  })

  const create = async (directory: string, processingGuarantee: ProcessingGuarantee): Promise<QueryInstance> => {
    const builder = new StreamsBuilder()
    builder.stream(name, { key: serdes.string(), value: serdes.string() }).groupByKey().count(counts)
    const instance = await QueryInstance.create(
      (config) =>
        new KafkaStreams(builder.build(), {
          applicationId: name,
          kafka: { brokers },
          stateDir: join(folder, directory),
          processingGuarantee,
          commitInterval: 100,
          heartbeatInterval: 200,
          logger: silentLogger,
          ...config,
        }),
    )
    instances.push(instance)
    return instance
  }

  const isSpread = (): boolean =>
    instances.every(({ streams }) => {
      if (streams.state !== 'RUNNING' || streams.allMetadata()[0]!.rebalancing) return false
      return streams.metadataForLocalTasks().length === PARTITIONS / instances.length
    })

  const isProcessed = async (): Promise<boolean> => {
    const entries = await instances[0]!.streams.query(counts).all().toArray()
    return entries.length === KEYS.length && entries.every(([key, count]) => EXPECTED.get(key) === count)
  }

  it.each<ProcessingGuarantee>(['at_least_once', 'exactly_once'])(
    'every key is answered rightly by whoever is asked, or later, while instances come and go: %s',
    async (guarantee) => {
      for (const directory of ['a', 'b', 'c']) await create(directory, guarantee)
      await Promise.all(instances.map(({ streams }) => streams.start()))
      await until(isSpread)
      await until(isProcessed)
      await clients.askAll(instances)

      const [leaving] = instances
      const left = leaving!.streams.close().then(async () => {
        instances.shift()
        await until(isSpread)
      })
      expect((await clients.askDuring([...instances], left)).right).toBeGreaterThan(0)
      await leaving!.close()
      await clients.askAll(instances)

      const joining = await create('d', guarantee)
      const joined = joining.streams.start().then(() => until(isSpread))
      expect((await clients.askDuring([...instances], joined)).right).toBeGreaterThan(0)
      await clients.askAll(instances)
      const { lines } = await joining.get('/stores/counts/keys')
      expect(lines.at(-1)).toMatchObject({ end: { rows: KEYS.length, truncated: false } })
    },
  )
})
