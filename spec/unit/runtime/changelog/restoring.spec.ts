import { cpSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StreamsConfig } from '../../../../lib/config/config'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { EmbeddedKafka } from '../../../../lib/kafka/memory'
import { type Producer } from '../../../../lib/kafka/port'
import type { Logger } from '../../../../lib/observe/logger'
import { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import { once } from '../../../support/events'
import { NO_HEADERS } from '../../../../lib/record/headers'

const text = { key: serdes.string(), value: serdes.string() }
const CHANGELOG = 'app-counts-changelog'

describe('restoring state', () => {
  let kafka: EmbeddedKafka
  let folder: string
  let warnings: string[]
  let errors: string[]
  const made: KafkaStreams[] = []

  beforeEach(() => {
    kafka = new EmbeddedKafka({ topics: { words: 1, 'more-words': 1 } })
    folder = mkdtempSync(join(tmpdir(), 'millrace-restore-'))
    warnings = []
    errors = []
  })

  afterEach(async () => {
    await Promise.all(made.splice(0).map((streams) => streams.close()))
    await kafka.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const create = (config: Partial<StreamsConfig> = {}): { streams: KafkaStreams; replayed: () => number } => {
    const builder = new StreamsBuilder()
    builder
      .stream('words', text)
      .groupBy((word) => word, text)
      .count({ store: 'counts' })
    const logger: Logger = {
      debug: () => {},
      info: () => {},
      warn: (_, message) => warnings.push(message),
      error: (_, message) => errors.push(message),
    }
    const streams = new KafkaStreams(builder.build(), {
      applicationId: 'app',
      kafka,
      stateDir: folder,
      commitInterval: 20,
      producer: { linger: 1 },
      logger,
      ...config,
    })
    made.push(streams)
    let replayed = 0
    streams.on('restoreEnd', ({ restored }) => (replayed += restored))
    return { streams, replayed: () => replayed }
  }

  const count = (streams: KafkaStreams, word: string): number | undefined =>
    (streams.store('counts').get(word) as { value: number } | null)?.value

  /** One run in which these words are counted. */
  const run = async (words: string[], config: Partial<StreamsConfig> = {}): Promise<void> => {
    const { streams } = create(config)
    await streams.start()
    await kafka.produce(
      'words',
      words.map((value) => ({ value })),
    )
    const admin = kafka.client().admin()
    while (count(streams, words.at(-1)!) === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    await admin.close()
    await streams.close()
  }

  it('restores nothing of a source topic of which nothing was committed, wherever reading begins', async () => {
    await kafka.produce('words', [{ key: 'before', value: 'before' }])
    const builder = new StreamsBuilder()
    builder
      .table('words', { ...text, offsetReset: 'latest' }, 'words')
      .toStream()
      .to('more-words', text)
    const streams = new KafkaStreams(builder.build({ optimization: 'all' }), {
      applicationId: 'app',
      kafka,
      stateDir: folder,
      commitInterval: 20,
      producer: { linger: 1 },
    })
    made.push(streams)
    await streams.start()
    await kafka.produce('words', [{ key: 'after', value: 'after' }])
    for await (const { value } of kafka.subscribe('more-words')) {
      expect(value).toBe('after')
      break
    }
    expect(streams.store('words').get('before')).toBeNull()
    expect(streams.store('words').get('after')).toMatchObject({ value: 'after' })
  })

  it('starts a task over whose changelog no longer has what follows its local state', async () => {
    await run(['a', 'b', 'a'])
    const client = kafka.client()
    const admin = client.admin()
    const producer = client.producer({})
    await producer.init()
    await producer.loadTopics([CHANGELOG])
    for (const [word, n] of [
      ['x', 1n],
      ['y', 2n],
      ['a', 7n],
    ] as const) {
      const value = Buffer.alloc(8)
      value.writeBigInt64BE(n)
      producer.append(CHANGELOG, 0, Buffer.from(word), value, 1, NO_HEADERS)
    }
    await producer.flush()
    const end = (await admin.listOffsets([{ topic: CHANGELOG, partition: 0, at: 'latest' }])).get(`${CHANGELOG}-0`)!
    await admin.deleteRecords([{ topic: CHANGELOG, partition: 0, offset: end - 2 }])

    const { streams, replayed } = create()
    await streams.start()
    expect(replayed()).toBe(2)
    expect([count(streams, 'y'), count(streams, 'a'), count(streams, 'b')]).toEqual([2, 7, undefined])
    expect(warnings.join()).toMatch(
      /begins at offset 3 and the local state ends at offset 1: restoring the task from the beginning/,
    )
  })

  describe('a changelog that was deleted and created again', () => {
    const deleteChangelog = (): Promise<void> => kafka.client().admin().deleteTopics([CHANGELOG])

    it('is refilled from the local state, which is kept', async () => {
      await run(['a', 'b', 'a'])
      await deleteChangelog()
      const refilled = create()
      await refilled.streams.start()
      expect([count(refilled.streams, 'a'), count(refilled.streams, 'b')]).toEqual([2, 1])
      expect(errors.join()).toMatch(
        /ends at offset 0 and the local state is ahead of it: .* Refilling it from the local state/,
      )
      await refilled.streams.close()

      rmSync(folder, { recursive: true })
      const restored = create()
      await restored.streams.start()
      expect(restored.replayed()).toBe(2)
      expect([count(restored.streams, 'a'), count(restored.streams, 'b')]).toEqual([2, 1])
    })

    it('ends the instance where the local state lacks what was committed after it, and keeps that', async () => {
      await run(['a'])
      const copy = `${folder}-copy`
      cpSync(folder, copy, { recursive: true })
      await run(['b'])
      await deleteChangelog()
      rmSync(folder, { recursive: true })
      renameSync(copy, folder)
      await expect(create().streams.start()).rejects.toMatchObject({
        code: 'CHANGELOG_LOST',
        message: expect.stringMatching(/Restore the topic from a backup, or .* call cleanUp\(\)/) as string,
        location: { taskId: '1_0', store: 'counts', topic: CHANGELOG, partition: 0 },
      })
      expect(readdirSync(join(folder, 'app'))).toContain('1_0')
    })
  })

  it('waits until a transaction of a former owner has ended, and takes nothing of it when it was aborted', async () => {
    await run(['a'], { processingGuarantee: 'exactly_once' })
    const client = kafka.client()
    const former = client.producer({ transactionalId: 'former-owner', transactionTimeoutMs: 60_000 })
    await former.init()
    await former.loadTopics([CHANGELOG])
    former.begin()
    former.append(CHANGELOG, 0, Buffer.from('a'), Buffer.alloc(8, 1), 1, NO_HEADERS)
    await former.flush()

    const { streams } = create({ processingGuarantee: 'exactly_once' })
    const restoring = once(streams, 'restoreStart')
    let isStarted = false
    const started = streams.start().then(() => (isStarted = true))
    await restoring
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(isStarted).toBe(false)
    await former.abort()
    await started
    expect(count(streams, 'a')).toBe(1)
  })

  it('resumes where it was when it is interrupted: nothing is replayed twice, nothing is missing', async () => {
    await run(['a'])
    rmSync(folder, { recursive: true })
    const client = kafka.client()
    const write = async (producer: Producer, from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i++) {
        producer.append(CHANGELOG, 0, Buffer.from(`word ${i}`), Buffer.alloc(8), 1, NO_HEADERS)
        if (!producer.writable) await producer.drained()
      }
      await producer.flush()
    }
    const plain = client.producer({})
    await plain.init()
    await plain.loadTopics([CHANGELOG])
    await write(plain, 0, 50_000)
    // an open transaction holds up the restoration in the middle
    const former = client.producer({ transactionalId: 'former-owner', transactionTimeoutMs: 60_000 })
    await former.init()
    await former.loadTopics([CHANGELOG])
    former.begin()
    await write(former, 50_000, 60_000)

    const first = create()
    const reachedTheTransaction = new Promise<void>((resolve) => {
      first.streams.on('restoreProgress', ({ restored }) => {
        if (restored >= 50_001) resolve()
      })
    })
    const start = first.streams.start()
    await reachedTheTransaction
    await first.streams.close()
    await start
    await former.commit()

    const second = create()
    await second.streams.start()
    expect(second.replayed()).toBe(10_000)
    for (const i of [0, 49_999, 50_000, 59_999]) expect(count(second.streams, `word ${i}`)).toBe(0)
    expect(count(second.streams, 'a')).toBe(1)
  })
})
