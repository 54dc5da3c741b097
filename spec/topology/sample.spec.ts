import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import * as serdes from '../../lib/serdes'
import { repeatableRandom } from '../support/input'
import { drive, headers, text } from './drive'
import { driveRestarting, inParts, type Piped } from './restarting'

describe('sample of every nth record', () => {
  it('forwards the first record of a key as it is, and then one of so many', async () => {
    const { input, out } = drive((b) => b.stream('in', text).sample({ every: 3 }).to('out', text))
    await input.pipe('a', '0', { timestamp: 1, headers: headers('h') })
    for (let i = 1; i < 8; i++) await input.pipe('a', String(i), i)
    await input.pipe('b', null, 9)
    expect(out()).toEqual(['a=0@1 h', 'a=3@3', 'a=6@6', 'b=null@9'])
  })

  it('drops and counts records without a key', async () => {
    const { input, out, driver } = drive((b) => b.stream('in', text).sample({ every: 1 }).to('out', text))
    await input.pipe(null, 'x', 1)
    expect(out()).toEqual([])
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('repartitions a stream whose key has changed', async () => {
    const { driver, input, out } = drive((b) =>
      b
        .stream('in', text)
        .selectKey((value) => value[0]!)
        .sample({ every: 2, name: 'half', store: 'counted', ...text })
        .to('out', text),
    )
    for (const key of ['k', 'l']) await input.pipe(key, 'a', 1)
    expect(out()).toEqual(['a=a@1'])
    expect(driver.produced().map(({ topic }) => topic)).toContain('app-half-repartition')
  })

  it.each([0, 1_000_000])(
    'with a cache of %d bytes counts on after restarts, with random records',
    async (statestoreCacheMaxBytes) => {
      const random = repeatableRandom(1)
      const build = (b: StreamsBuilder): void =>
        b.stream('in', text).sample({ every: 7, store: 'counted' }).to('out', text)
      const records: Piped[] = Array.from({ length: 300 }, (_, i) => ({
        key: `k${random(4)}`,
        value: String(i),
        timestamp: i,
      }))
      const counts = new Map<string | null, number>()
      const expected = records.filter(({ key }) => {
        const before = counts.get(key) ?? 0
        counts.set(key, before + 1)
        return before % 7 === 0
      })
      const outputs = await driveRestarting(build, inParts(records, 3), { config: { statestoreCacheMaxBytes } })
      expect(outputs.flat()).toEqual(expected.map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`))
    },
  )
})

describe('sample of a fraction', () => {
  const KEYS = Array.from({ length: 1000 }, (_, i) => `key ${i}`)

  const sampled = async (build: (builder: StreamsBuilder) => void): Promise<string[]> => {
    const { input, out } = drive(build)
    for (const key of KEYS) await input.pipe(key, `${key}/1`, { timestamp: 1, headers: headers('h') })
    for (const key of KEYS) await input.pipe(key, `${key}/2`, 2)
    return out()
  }

  it('keeps all records of about that part of the keys, and the same ones each time', async () => {
    const tenth = (b: StreamsBuilder): void => b.stream('in', text).sample({ fraction: 0.1 }).to('out', text)
    const kept = await sampled(tenth)
    expect(await sampled(tenth)).toEqual(kept)
    const keys = new Set(kept.map((record) => record.split('=')[0]))
    expect(kept.length).toBe(2 * keys.size)
    expect(keys.size).toBeGreaterThan(70)
    expect(keys.size).toBeLessThan(130)
    expect(kept[0]).toMatch(/^(key \d+)=\1\/1@1 h$/)
  })

  it('a larger fraction keeps what a smaller one does; 1 keeps all, 0 nothing', async () => {
    const of = (fraction: number): Promise<string[]> =>
      sampled((b) => b.stream('in', text).sample({ fraction, name: 'some' }).to('out', text))
    const [none, some, more, all] = await Promise.all([0, 0.2, 0.5, 1].map(of))
    expect(none).toEqual([])
    expect(more).toEqual(expect.arrayContaining(some!))
    expect(all).toHaveLength(2 * KEYS.length)
  })

  it('by an id of the value keeps whole ids, across keys', async () => {
    const { input, out } = drive((b) =>
      b
        .stream('in', text)
        .sample({ fraction: 0.5, by: (value) => Number(value) })
        .to('out', text),
    )
    for (const key of ['a', 'b', null]) for (let id = 0; id < 50; id++) await input.pipe(key, String(id), 1)
    const kept = out().map((record) => record.replace(/^\w+=/, ''))
    expect(kept.length % 3).toBe(0)
    expect(kept.slice(0, kept.length / 3)).toEqual(kept.slice(kept.length / 3, (2 * kept.length) / 3))
  })

  it('chooses records without key or id one by one', async () => {
    const { input, out } = drive((b) => b.stream('in', text).sample({ fraction: 0.5 }).to('out', text))
    for (let i = 0; i < 200; i++) await input.pipe(null, 'x', i)
    const kept = out().length
    expect(kept).toBeGreaterThan(60)
    expect(kept).toBeLessThan(140)
  })

  it('writes keys with the serde given, where the stream has none', async () => {
    const { input, out } = drive((b) =>
      b
        .stream('in', text)
        .map((value, key) => [{ key }, value])
        .sample({ fraction: 1, key: serdes.json<{ key: string }>() })
        .to('out', { key: serdes.json(), value: serdes.string() }),
    )
    await input.pipe('a', 'x', 1)
    expect(out()).toEqual(['{"key":"a"}=x@1'])
  })
})
