import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StreamsConfig } from '../../../../lib/config/config'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import type { KafkaStreams } from '../../../../lib/runtime/kafka-streams'
import * as serdes from '../../../../lib/serdes'
import { levelEngine } from '../../../../lib/state/level/level-engine'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, failureOf, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
const KEYS = 1_500
/** So that LevelDB writes tables while the test runs. */
const BUFFER = { writeBufferBytes: 2 << 20 }

/** Long and without patterns, so that LevelDB needs tables for them. */
const keys = Array.from({ length: KEYS }, () => randomBytes(2000).toString('hex'))

const counting = (): Topology => {
  const builder = new StreamsBuilder()
  builder.stream('words', text).groupByKey().count({ store: 'counts' })
  return builder.build()
}

describe('local state that fails while the application runs', () => {
  let apps: EmbeddedApps

  beforeEach(() => {
    apps = new EmbeddedApps({ words: 1 })
  })
  afterEach(() => apps.close())

  const never = (): never => {
    throw new Error('no record is at fault')
  }
  const create = (config: Partial<StreamsConfig> = {}): KafkaStreams =>
    apps.create(counting(), {
      processingGuarantee: 'exactly_once',
      commitInterval: 50,
      statestoreCacheMaxBytes: 0,
      stateEngine: levelEngine(BUFFER),
      processingExceptionHandler: never,
      ...config,
    })
  const produce = (some: readonly string[]): Promise<void> =>
    apps.kafka.produce(
      'words',
      some.map((key) => ({ key, value: '' })),
    )
  const produceAll = (): Promise<void> => produce(keys)
  const committed = async (): Promise<number> =>
    (await apps.kafka.client().admin().groupOffsets('app')).get('words-0')?.offset ?? 0
  const taskFolder = (): string => join(apps.stateDir('a'), 'app', '0_0')
  const filesOf = (extension: string): string[] => readdirSync(taskFolder()).filter((name) => name.endsWith(extension))

  it('damaged: is set aside and restored, and the counts are right', async () => {
    const first = create()
    await first.start()
    // LevelDB writes a table of what it has before it takes more: a single commit would be in its log alone, and so is a table that is being written
    for (let from = 0; from < KEYS; from += KEYS / 3) {
      await produce(keys.slice(from, from + KEYS / 3))
      await until(async () => (await committed()) === from + KEYS / 3)
    }
    await until(() => filesOf('.log').length === 1 && filesOf('.ldb').length > 0)
    await first.close()
    const tables = filesOf('.ldb')
    for (const file of tables) {
      const path = join(taskFolder(), file)
      const bytes = readFileSync(path)
      bytes.fill(0xff, bytes.length >> 2, bytes.length >> 1)
      writeFileSync(path, bytes)
    }

    // found by a read: verification would find it before
    const second = create({ stateEngine: levelEngine({ ...BUFFER, verifyOnOpen: false }) })
    const replayed: number[] = []
    second.on('restoreEnd', ({ restored }) => replayed.push(restored))
    await second.start()
    await produceAll()
    await until(async () => (await committed()) === 2 * KEYS)
    const view = second.store('counts')
    for (const key of keys) expect((view.get(key) as { value: number }).value).toBe(2)
    expect(replayed).toEqual([0, expect.any(Number)])
    expect(replayed[1]).toBeGreaterThanOrEqual(KEYS)
    const log = apps.warnings.join('\n')
    expect(log).toMatch(/task 0_0 failed and restarts from its last commit|all tasks restart from the last commit/)
    expect(log).toMatch(/the state of task 0_0 is damaged .* set aside as .*0_0\.damaged-/)
    expect(second.state).toBe('RUNNING')
  })

  it('not writable: ends the app, which says so', async () => {
    const app = create()
    await app.start()
    await apps.kafka.produce('words', [{ key: 'a', value: '' }])
    await until(async () => (await committed()) === 1)
    const failed = failureOf(app)
    let ended = false
    void failed.then(() => (ended = true))
    // LevelDB notices when it needs its next file: with the write after one that fills its buffer, and all of these may be a single one
    rmSync(taskFolder(), { recursive: true })
    await produceAll()
    await until(async () => ended || (await committed()) === 1 + KEYS)
    await produce(keys.slice(0, 1))
    expect(await failed).toMatchObject({
      code: 'STATE_STORE_FAILED',
      message: expect.stringMatching(
        /task 0_0 in .* failed: .*Check the disk's free space and its permissions/,
      ) as string,
    })
    expect(app.metadataForLocalTasks()).toEqual([])
    expect(await app.close()).toBe(true)
    expect(app.state).toBe('ERROR')
  })
})
