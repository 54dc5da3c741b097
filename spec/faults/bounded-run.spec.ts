import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StreamsConfig } from '../../lib/config/config'
import { connect } from '../../lib/kafka/client'
import type { KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS } from '../../lib/record/headers'
import { KafkaStreams } from '../../lib/runtime/kafka-streams'
import { type BoundedApp, runningCounts } from '../support/apps/bounded'
import { PARTITIONS, partitionOf } from '../support/input'
import { describeWithKafka } from '../support/kafka-broker'
import { bundled } from '../support/bundled'
import { App } from '../support/process'
import { createTopics, readTopics, untilWorkedOff } from '../support/topics'

const RECORDS = 8_000

describeWithKafka('a bounded run that is killed and restarted', (bootstrapServers) => {
  const name = `bounded-${Math.random().toString(36).slice(2, 8)}`
  const [input, bounded, unbounded] = [`${name}-in`, `${name}-bounded-out`, `${name}-unbounded-out`] as const
  const kafka = { brokers: bootstrapServers.split(',') }
  /** Records of each input partition. */
  const lengths = Array.from({ length: PARTITIONS }, () => 0)
  let folder: string
  let client: KafkaClient
  let app: App | undefined

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-bounded-'))
    client = connect(kafka, { clientId: name, logger: silentLogger })
    await createTopics(client, [input, bounded, unbounded])
    const producer = client.producer({ transactionalId: `${name}-writer` })
    await producer.init()
    await producer.loadTopics([input])
    producer.begin()
    for (let i = 0; i < RECORDS; i++) {
      const key = `key${i % 97}`
      const partition = partitionOf(key)
      lengths[partition]!++
      producer.append(input, partition, key, String(i), 1_000_000 + i, NO_HEADERS)
      if (!producer.writable) await producer.drained()
    }
    // the last offset of each partition is that of the transaction's marker
    await producer.commit()
    await producer.close()
  })

  afterAll(async () => {
    if (app?.running) await app.kill()
    await client.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const config = (applicationId: string): Omit<StreamsConfig, 'logger'> => ({
    applicationId,
    kafka,
    stateDir: join(folder, applicationId),
    processingGuarantee: 'exactly_once',
    statestoreCacheMaxBytes: 0,
    commitInterval: 20,
  })

  const start = (holdAt?: number): App => {
    const options: BoundedApp = {
      input,
      output: bounded,
      ...(holdAt === undefined ? {} : { holdAt }),
      // a static member has its tasks back as soon as it is restarted
      config: { ...config(`${name}-bounded`), groupInstanceId: 'one' },
    }
    return (app = new App(bundled('spec/support/apps/bounded.ts'), { env: { BOUNDED: JSON.stringify(options) } }))
  }

  it('writes what an unbounded application writes, byte by byte, and ends', async () => {
    const endless = new KafkaStreams(runningCounts(input, unbounded), {
      ...config(`${name}-unbounded`),
      logger: silentLogger,
    })
    await endless.start()
    await start(RECORDS / 2).untilOutput(/^holding/m)
    await app!.kill()
    const restarted = start()
    const [, read, ends] = await restarted.untilOutput(/^read (\d+) up to (.*)$/m)
    expect(await restarted.end()).toBe(0)
    expect(ends).toBe(lengths.map((records) => records + 1).join(' '))
    expect(Number(read)).toBeLessThanOrEqual(RECORDS)
    await untilWorkedOff(client, `${name}-unbounded`, { inputs: [input], exactlyOnce: true })
    await endless.close()
    const outputs = await readTopics(client, [bounded, unbounded])
    expect(outputs.get(bounded)!.length).toBe(RECORDS)
    // of each partition in order: it has what one task has written
    const byPartition = (topic: string): unknown[] =>
      lengths.map((_, i) => outputs.get(topic)!.filter(({ partition }) => partition === i))
    expect(byPartition(bounded)).toEqual(byPartition(unbounded))
  })
})
