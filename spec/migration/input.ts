import { type InputRecord, KEYS, LETTERS, partitionOf, repeatableRandom, START } from '../support/input'
import { NO_HEADERS, type RecordHeaders } from '../../lib/record/headers'

export const INPUTS = ['events', 'clicks', 'views', 'customers', 'addresses', 'orders', 'products']

const STAGE_MS = 20_000
const PRODUCTS = ['pen', 'ink', 'cap', 'nib', 'pad']

/**
 * The input, in stages: each one is fed when the one before has been worked off. No two topics that one task reads are in
 * the same stage, no row changes twice in one, and stream time goes on with its first record of each partition: so Kafka
 * Streams has one order to process it in, restarts or not. Within that, records are out of order, late and deleted.
 */
export const inputStages = (stages: number): InputRecord[][] => {
  const random = repeatableRandom(42)
  const oneOf = <T>(list: readonly T[]): T => list[random(list.length)]!
  let serial = 0
  const headers = (): RecordHeaders =>
    random(2) === 0
      ? NO_HEADERS
      : [['serial', Buffer.from(String(++serial))], ...(random(3) === 0 ? [['empty', null] as const] : [])]

  const first = [0, 1].map((partition) => KEYS.find((key) => partitionOf(key) === partition)!)

  const events = (start: number): InputRecord[] =>
    Array.from({ length: 40 }, (_, i) => {
      const early = i < 2 ? 0 : random(12) === 0 ? 30_000 : random(4) === 0 ? random(4_000) : 0
      const key = i < 2 ? first[i]! : oneOf(KEYS)
      const value = `event ${serial++}`
      return { topic: 'events', key, value, timestamp: start + i * 400 - early, headers: headers() }
    })

  // An unmatched click comes out with the headers of whichever click shows that its time is over: clicks have none.
  const near = (topic: string, start: number, spreadMs: number, withHeaders: boolean): InputRecord[] =>
    Array.from({ length: 24 }, (_, i) => ({
      topic,
      key: i < 2 ? first[i]! : oneOf(KEYS),
      value: `${topic} ${serial++}`,
      timestamp: i < 2 ? start + spreadMs : start + random(spreadMs),
      headers: withHeaders ? headers() : NO_HEADERS,
    }))

  const rows = (topic: string, start: number, keys: readonly string[], value: (key: string) => string): InputRecord[] =>
    keys
      .filter(() => random(4) > 0)
      .map((key) => ({
        topic,
        key,
        value: random(6) === 0 ? null : value(key),
        timestamp: start + random(STAGE_MS),
        headers: headers(),
      }))

  return Array.from({ length: stages }, (_, stage) => {
    const start = START + stage * STAGE_MS
    return stage % 2 === 0
      ? [
          ...events(start),
          ...near('clicks', start, 4_000, false),
          ...rows(
            'customers',
            start,
            KEYS,
            (key) => `${oneOf(LETTERS.filter((city) => partitionOf(city) === partitionOf(key)))}-city ${serial++}`,
          ),
          ...rows('products', start, PRODUCTS, (key) => `${key} ${serial++}`),
        ]
      : [
          ...near('views', start - STAGE_MS, 6_000, true),
          ...rows('addresses', start, KEYS, () => `street ${serial++}`),
          ...rows('orders', start, KEYS, () => `${random(5) === 0 ? '' : oneOf([...PRODUCTS, 'none'])};${serial++}`),
        ]
  })
}
