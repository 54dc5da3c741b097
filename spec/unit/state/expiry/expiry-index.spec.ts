import { ExpiryIndex } from '../../../../lib/state/expiry/expiry-index'
import type { KeyValueStore } from '../../../../lib/state/store'
import { repeatableRandom } from '../../../support/input'

/** The rows of a store, which an index finds again after a restart. */
const indexOn = (rows: Map<string, Buffer>, afterMs: number, streamTime = -1): ExpiryIndex =>
  new ExpiryIndex(
    {
      get: (key: Buffer) => rows.get(key.toString('hex')) ?? null,
      put: (key: Buffer, value: Buffer | null) =>
        void (value === null ? rows.delete(key.toString('hex')) : rows.set(key.toString('hex'), value)),
    } as KeyValueStore<Buffer, Buffer>,
    afterMs,
    streamTime,
  )

const allKeys = (index: ExpiryIndex): string[] => {
  const keys: string[] = []
  for (let next = index.takeDue(1e9); next !== undefined; next = index.takeDue(1e9)) keys.push(next.key.toString())
  return keys.sort()
}

describe('expiry index', () => {
  it.each([1, 2, 3, 4])(
    'gives each key once when its bucket is due, the oldest bucket first, after any restarts (%i)',
    (seed) => {
      const upTo = repeatableRandom(seed)
      const rows = new Map<string, Buffer>()
      const afterMs = 1 + upTo(1000)
      let index = indexOn(rows, afterMs)
      let waiting: { key: string; bucket: number }[] = []
      let now = 0
      for (let step = 0; step < 2000; step++) {
        if (upTo(50) === 0) index = indexOn(rows, afterMs)
        if (upTo(4) > 0) {
          const timestamp = Math.max(0, now - upTo(200))
          index.add(timestamp, Buffer.from(`${step}`))
          waiting.push({ key: `${step}`, bucket: index.bucketOf(timestamp) })
          continue
        }
        now += upTo(upTo(10) === 0 ? 3 * afterMs : 20)
        const due = waiting.filter(({ bucket }) => index.expiresAt(bucket) <= now)
        const taken: { key: string; bucket: number }[] = []
        for (let next = index.takeDue(now); next !== undefined; next = index.takeDue(now)) {
          taken.push({ key: next.key.toString(), bucket: next.bucket.start })
        }
        expect(taken.map(({ bucket }) => bucket)).toEqual(due.map(({ bucket }) => bucket).sort((a, b) => a - b))
        expect(taken.map(({ key }) => key).sort()).toEqual(due.map(({ key }) => key).sort())
        waiting = waiting.filter((row) => !due.includes(row))
      }
      // nothing is kept but what waits, the buckets in use, and since when
      expect(rows.size).toBeLessThanOrEqual(waiting.length + 2)
    },
  )

  it('has nothing to read before its first row', () => {
    const rows = new Map<string, Buffer>()
    expect(indexOn(rows, 10).takeDue(Number.MAX_SAFE_INTEGER)).toBeUndefined()
    expect(rows.size).toBe(0)
  })

  it('knows which rows are from before the table had its ttl, also after restarts', () => {
    const rows = new Map<string, Buffer>()
    expect(indexOn(rows, 640, 5).coversUpdate(5, 7)).toBe(false)
    indexOn(rows, 640, 5).add(6, Buffer.from('a'))
    for (const index of [indexOn(rows, 640, 6), indexOn(rows, 640, -1)]) {
      expect(index.coversUpdate(5, 7)).toBe(false)
      expect(index.coversUpdate(6, 7)).toBe(true)
      expect(index.coversUpdate(6, 10)).toBe(false)
    }
    expect(indexOn(rows, 1280, 6).coversUpdate(6, 7)).toBe(false)
  })

  it('a bucket of a shorter ttl gets the length of the longer one with its next row', () => {
    const rows = new Map<string, Buffer>()
    indexOn(rows, 640).add(5, Buffer.from('a'))
    const index = indexOn(rows, 1280, 5)
    index.add(15, Buffer.from('b'))
    expect(index.takeDue(1e9)).toEqual({ key: Buffer.from('b'), bucket: { start: 0, ms: 20 } })
  })

  it('passes over a row that is missing', () => {
    const rows = new Map<string, Buffer>()
    const index = indexOn(rows, 640)
    for (const key of ['a', 'b', 'c']) index.add(0, Buffer.from(key))
    for (const [at, key] of rows) if (key.toString() === 'b') rows.delete(at)
    expect(allKeys(index)).toEqual(['a', 'c'])
  })
})
