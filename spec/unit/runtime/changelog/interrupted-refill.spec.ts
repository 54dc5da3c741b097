import { cpSync } from 'node:fs'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import { keyValueStore } from '../../../../lib/state/stores'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, until } from '../../../support/embedded-apps'
import { deferred } from '../processing/processing-under-test'

const text = { key: serdes.string(), value: serdes.string() }
const counts = keyValueStore('counts', { key: serdes.string(), value: serdes.long() })
const CHANGELOG = 'app-counts-changelog'
const WORDS = Array.from({ length: 20 }, (_, i) => `word ${i}`)
const WRITTEN = 5

const counting = (): Topology => {
  const builder = new StreamsBuilder()
  builder.stream('words', text).groupByKey().count(counts)
  return builder.build()
}

describe('an instance that is killed while it refills a changelog', () => {
  let apps: EmbeddedApps

  beforeEach(async () => {
    apps = new EmbeddedApps({ words: 1 })
    const app = create('before')
    await app.start()
    await apps.produceTo('words', 0, ...WORDS)
    await until(async () => (await apps.committed('words', 0)) === WORDS.length)
    await app.close()
    await apps.kafka.client().admin().deleteTopics([CHANGELOG])
    await kill()
    expect(await apps.kafka.read(CHANGELOG)).toHaveLength(WRITTEN)
  })
  afterEach(() => apps.close())

  const create = (state: string): KafkaStreams =>
    apps.create(counting(), { stateDir: apps.stateDir(state), statestoreCacheMaxBytes: 0 })

  const countsOf = (app: KafkaStreams): (number | null)[] => WORDS.map((word) => app.store(counts).get(word))

  const complete = WORDS.map(() => 1)

  /** Half of the changelog is written; the state on disk at that moment is `killed`. */
  const kill = async (): Promise<void> => {
    const half = deferred()
    const gone = deferred()
    let left = WRITTEN
    let isKilled = false
    apps.changeProducers((producer) => {
      const { append, flush } = producer
      producer.append = (topic, ...record) => {
        if (topic !== CHANGELOG || left > 0 || isKilled) append.call(producer, topic, ...record)
        if (topic === CHANGELOG && !isKilled && --left === 0) void flush.call(producer).then(half.resolve)
      }
      producer.flush = async () => {
        if (left > 0 || isKilled) return flush.call(producer)
        await gone.promise
        throw new Error('killed')
      }
    })
    const app = create('before')
    const started = app.start().catch(() => {})
    await half.promise
    cpSync(apps.stateDir('before'), apps.stateDir('killed'), { recursive: true })
    const closed = app.close()
    gone.resolve()
    await Promise.all([started, closed])
    isKilled = true
  }

  it('refills it from the beginning when it starts again', async () => {
    const again = create('killed')
    await again.start()
    expect(countsOf(again)).toEqual(complete)
    await again.close()
    const other = create('other')
    await other.start()
    expect(countsOf(other)).toEqual(complete)
  })

  it('leaves one that no other instance takes for complete', async () => {
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(create('other').start()).rejects.toMatchObject({
        code: 'CHANGELOG_LOST',
        message: expect.stringMatching(/has been refilled only in part/),
        location: { taskId: '0_0', store: 'counts', topic: CHANGELOG, partition: 0 },
      })
    }
    const again = create('killed')
    await again.start()
    await again.close()
    const other = create('other')
    await other.start()
    expect(countsOf(other)).toEqual(complete)
  })
})
