import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaStreams, type ProcessingGuarantee, serdes, StreamsBuilder } from '../../lib'
import { connect } from '../../lib/kafka/client'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS } from '../../lib/record/headers'
import { describeWithKafka } from '../support/kafka-broker'
import { createTopics, readTopics } from '../support/topics'

const text = { key: serdes.string(), value: serdes.string() }

describeWithKafka('a repartition topic that is deleted under load, on a real broker', (bootstrapServers) => {
  const kafka = { brokers: bootstrapServers.split(',') }

  // of one partition, an instance writes it that does not read it
  it.each<[ProcessingGuarantee, number]>([
    ['at_least_once', 2],
    ['exactly_once', 2],
    ['exactly_once', 1],
  ])(
    '%s, with %i partitions: is created again at once, and what comes then is read from its beginning',
    async (processingGuarantee, partitions) => {
      const name = `deleted-${Math.random().toString(36).slice(2, 8)}`
      const [input, output, repartition] = [`${name}-in`, `${name}-out`, `${name}-by-value-repartition`]
      const folder = mkdtempSync(join(tmpdir(), 'millrace-deleted-'))
      const client = connect(kafka, { clientId: 'deleted-test', logger: silentLogger })
      const admin = client.admin()
      await createTopics(client, [input, output])
      const failures: unknown[] = []
      let isThereAgain = (): void => {}
      const logger = {
        ...silentLogger,
        info: (_fields: object, message: string): void => void (message === 'created internal topic' && isThereAgain()),
      }
      const create = (instance: number): KafkaStreams => {
        const builder = new StreamsBuilder()
        builder
          .stream(input, text)
          .selectKey((value) => value)
          .repartition({ name: 'by-value', partitions, ...text })
          .to(output, text)
        const app = new KafkaStreams(builder.build(), {
          applicationId: name,
          kafka,
          processingGuarantee,
          commitInterval: 100,
          stateDir: join(folder, String(instance)),
          logger,
        })
        app.on('error', (error) => {
          failures.push(error)
          isThereAgain()
        })
        return app
      }
      const apps = [create(0), create(1)]
      const producer = client.producer({ lingerMs: 5 })
      let produced = 0
      let ends = false
      const load = async (): Promise<void> => {
        while (!ends) {
          for (let i = 0; i < 20; i++, produced++)
            producer.append(input, produced % 2, 'k', `${produced}`, Date.now(), NO_HEADERS)
          producer.idle()
          await sleep(20)
        }
        await producer.flush()
      }
      const arrived = async (): Promise<Set<number>> =>
        new Set((await readTopics(client, [output])).get(output)!.map(({ value }) => Number(value)))
      const untilArrived = async (from: number, to: number): Promise<void> => {
        for (;;) {
          const there = await arrived()
          let missing = 0
          for (let i = from; i < to; i++) if (!there.has(i)) missing++
          if (missing === 0 || failures.length > 0) return
          await sleep(100)
        }
      }
      let loading: Promise<void> | undefined
      try {
        await Promise.all(apps.map((app) => app.start()))
        await producer.init()
        await producer.loadTopics([input])
        loading = load()
        await untilArrived(0, 1000)
        const createdAgain = new Promise<void>((resolve) => (isThereAgain = resolve))
        await admin.deleteTopics([repartition])
        await createdAgain
        const since = produced
        await untilArrived(since, since + 1000)
        expect(failures).toEqual([])
        ends = true
        await loading
        await untilArrived(since, produced)
        expect(failures).toEqual([])
      } finally {
        ends = true
        await loading
        await Promise.all(apps.map((app) => app.close()))
        await admin.close()
        await client.close()
        rmSync(folder, { recursive: true, force: true })
      }
    },
    60_000,
  )
})
