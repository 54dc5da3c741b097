import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { repeatableRandom } from '../support/input'
import { drive, headers, text } from './drive'
import { driveRestarting, inParts, type Piped } from './restarting'

const throttled =
  (limit: number, per: number, storeType?: 'persistent' | 'in-memory') =>
  (builder: StreamsBuilder): void =>
    builder
      .stream('in', text)
      .throttle({ limit, per, name: 'few', store: 'passed', storeType, late: (late) => late.to('late', text) })
      .to('out', text)

describe('throttle', () => {
  it('forwards the first records of a key in each window as they are', async () => {
    const { input, out, driver } = drive((b) => b.stream('in', text).throttle({ limit: 2, per: 10 }).to('out', text))
    await input.pipe('a', '1', { timestamp: 103, headers: headers('h') })
    for (const time of [108, 109, 110]) await input.pipe('a', 'x', time)
    await input.pipe('b', null, 111)
    expect(out()).toEqual(['a=1@103 h', 'a=x@108', 'a=x@110', 'b=null@111'])
    expect(driver.recordCounts().dropped).toBe(0)
  })

  it('counts records in the window of their own time, up to one window behind', async () => {
    const { input, out } = drive((b) => b.stream('in', text).throttle({ limit: 1, per: 10 }).to('out', text))
    for (const time of [100, 111, 103, 119, 110]) await input.pipe('a', 'x', time)
    await input.pipe('b', 'x', 103)
    expect(out()).toEqual(['a=x@100', 'a=x@111', 'b=x@103'])
  })

  it('drops and counts late records, or gives them to a stream of their own', async () => {
    const dropping = drive((b) => b.stream('in', text).throttle({ limit: 1, per: 10 }).to('out', text))
    const keeping = drive(throttled(1, 10))
    for (const { input } of [dropping, keeping]) {
      await input.pipe('a', 'x', 120)
      await input.pipe('b', 'x', 109)
    }
    for (const { out } of [dropping, keeping]) expect(out()).toEqual(['a=x@120'])
    expect(keeping.out('late')).toEqual(['b=x@109'])
    expect(dropping.driver.recordCounts().dropped).toBe(1)
    expect(keeping.driver.recordCounts().dropped).toBe(0)
  })

  it('drops and counts records without a key', async () => {
    const { input, out, driver } = drive((b) => b.stream('in', text).throttle({ limit: 1, per: 10 }).to('out', text))
    await input.pipe(null, 'x', 1)
    expect(out()).toEqual([])
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('repartitions a stream whose key has changed', async () => {
    const { driver, input, out } = drive((b) =>
      b
        .stream('in', text)
        .selectKey((value) => value[0]!)
        .throttle({ limit: 1, per: 10, name: 'few', store: 'passed', ...text })
        .to('out', text),
    )
    for (const key of ['k', 'l']) await input.pipe(key, 'a', 1)
    expect(out()).toEqual(['a=a@1'])
    expect(driver.produced().map(({ topic }) => topic)).toContain('app-few-repartition')
  })

  it.each(['persistent', 'in-memory'] as const)(
    'with a store that is %s lets the same random records through as a reference, restarts in the middle included',
    async (storeType) => {
      const [LIMIT, PER] = [3, 40]
      for (let seed = 1; seed <= 5; seed++) {
        const random = repeatableRandom(seed)
        let time = 1000
        const records: Piped[] = Array.from({ length: 400 }, () => {
          time += random(8)
          return { key: `k${random(3)}`, value: 'x', timestamp: time - (random(3) === 0 ? random(3 * PER) : 0) }
        })
        const parts = inParts(records, 4)
        const passed = new Map<string, number>()
        let newestCounted = -1
        const expected = parts.map((part) => {
          let newest = -1
          const out: string[] = []
          const late: string[] = []
          for (const { key, value, timestamp } of part) {
            const window = Math.floor(timestamp / PER)
            newest = Math.max(newest, window)
            const text = `${key}=${value}@${timestamp}`
            const counter = `${key}/${window}`
            const count = passed.get(counter) ?? 0
            if (window < Math.max(newest, newestCounted) - 1) late.push(text)
            else if (count < LIMIT) {
              passed.set(counter, count + 1)
              newestCounted = Math.max(newestCounted, window)
              out.push(text)
            }
          }
          return [...out, ...late]
        })
        const actual = await driveRestarting(throttled(LIMIT, PER, storeType), parts, { topics: ['out', 'late'] })
        expect(actual).toEqual(expected)
      }
    },
  )
})
