import { Random } from '../differential/random'
import type { InputRecord } from './workload'

/** Of the first record. Topics of such old records keep them: their `retention.ms` is −1. */
export const FIRST_TIMESTAMP = 1_700_000_000_000

const WORDS_PER_LINE = 8
const VOCABULARY = 50_000
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Words as a language has them: the second most frequent one is half as frequent as the first, and so on (Zipf). */
export const zipfWords = (random: Random, vocabulary = VOCABULARY): (() => string) => {
  const cumulative = new Float64Array(vocabulary)
  let sum = 0
  for (let i = 0; i < vocabulary; i++) cumulative[i] = sum += 1 / (i + 1)
  const words = Array.from({ length: vocabulary }, (_, i) => `word${i}`)
  return () => words[firstAbove(cumulative, random.next() * sum)]!
}

/** The index of the first element above `value`; the last one is. */
const firstAbove = (sorted: Float64Array, value: number): number => {
  let low = 0
  let high = sorted.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]! > value) high = middle
    else low = middle + 1
  }
  return low
}

/** Lines of 8 words, a millisecond apart. */
export function* lines(words: number, { vocabulary = VOCABULARY, seed = 7 } = {}): Iterable<InputRecord> {
  const word = zipfWords(new Random(seed), vocabulary)
  const count = Math.ceil(words / WORDS_PER_LINE)
  for (let i = 0; i < count; i++) {
    let value = word()
    for (let n = 1; n < WORDS_PER_LINE; n++) value += ` ${word()}`
    yield { key: `k${i % 10_000}`, value, timestamp: FIRST_TIMESTAMP + i }
  }
}

/** Texts of a length, each a piece of a long random one, so that they cost little to make and don't compress to nothing. */
export const payloads = (random: Random, length: number): (() => string) => {
  const pool = Array.from({ length: 64 * 1024 }, () => ALPHABET[random.below(ALPHABET.length)]).join('')
  return () => {
    const at = random.below(pool.length - length)
    return pool.slice(at, at + length)
  }
}

/** Values of 100 bytes under random keys, a millisecond apart. */
export function* updates(
  records: number,
  {
    keys,
    seed = 7,
    prefix = 'key-',
    from = FIRST_TIMESTAMP,
  }: { keys: number; seed?: number; prefix?: string; from?: number },
): Iterable<InputRecord> {
  const random = new Random(seed)
  const payload = payloads(random, 100)
  for (let i = 0; i < records; i++) {
    yield { key: `${prefix}${random.below(keys)}`, value: payload(), timestamp: from + i }
  }
}

/** One value of 100 bytes for each key, shuffled, all before `FIRST_TIMESTAMP` plus their number. */
export function* rows(keys: number, { prefix = 'key-', seed = 11 } = {}): Iterable<InputRecord> {
  const payload = payloads(new Random(seed), 100)
  const step = coprimeStep(keys)
  for (let i = 0, n = 0; i < keys; i++, n = (n + step) % keys) {
    yield { key: `${prefix}${n}`, value: payload(), timestamp: FIRST_TIMESTAMP + i }
  }
}

/** A stride that visits every number below `count` once. */
const coprimeStep = (count: number): number => {
  let step = Math.floor(count * 0.618) | 1
  while (greatestCommonDivisor(step, count) !== 1) step += 2
  return step
}

const greatestCommonDivisor = (a: number, b: number): number => (b === 0 ? a : greatestCommonDivisor(b, a % b))

/** Visits of users, about `everyMs` apart, of which a tenth are late. */
export function* visits(
  records: number,
  { everyMs = 10, users = 10_000, seed = 7, lateMs = 2000 } = {},
): Iterable<InputRecord> {
  const random = new Random(seed)
  for (let i = 0; i < records; i++) {
    const late = random.chance(0.1) ? random.below(lateMs) : 0
    const timestamp = FIRST_TIMESTAMP + i * everyMs + random.below(everyMs) - late
    yield { key: `user-${random.below(users)}`, value: `page-${random.below(1000)}`, timestamp }
  }
}

/** A service of 200 orders a second, of which each is paid within 6 s; of 20 one is not, and a payment is for an unknown one. */
const ORDER_EVERY_MS = 5
const LONGEST_PAYMENT = 6000 / ORDER_EVERY_MS
const UNPAID = 0.05

export function* orders(records: number): Iterable<InputRecord> {
  const random = new Random(7)
  const note = payloads(random, 60)
  for (let i = 0; i < records; i++) {
    const value = `customer-${random.below(100_000)}|${random.between(1, 500)}|${note()}`
    yield { key: `order-${i}`, value, timestamp: FIRST_TIMESTAMP + i * ORDER_EVERY_MS }
  }
}

/** As many, in the order in which they are made. */
export function* payments(records: number): Iterable<InputRecord> {
  const random = new Random(13)
  const note = payloads(random, 60)
  const due = new Map<number, InputRecord[]>()
  for (let i = 0; i < records + LONGEST_PAYMENT; i++) {
    if (i < records) {
      const at = i + random.below(LONGEST_PAYMENT)
      const key = random.chance(UNPAID) ? `unknown-${i}` : `order-${i}`
      const timestamp = FIRST_TIMESTAMP + at * ORDER_EVERY_MS + random.below(ORDER_EVERY_MS)
      const payment = { key, value: `card-${random.below(50_000)}|${note()}`, timestamp }
      due.set(at, [...(due.get(at) ?? []), payment])
    }
    yield* due.get(i) ?? []
    due.delete(i)
  }
}

/** After the last order and payment, and all windows that they belong to. */
export const afterOrders = (records: number): number => FIRST_TIMESTAMP + records * ORDER_EVERY_MS + 3_600_000

/** Their own number as Java's `Long` has it, under a few keys in turn. */
export function* numbered(records: number, keys: number): Iterable<InputRecord> {
  for (let i = 0; i < records; i++) {
    const value = Buffer.alloc(8)
    value.writeBigInt64BE(BigInt(i))
    yield { key: `k${i % keys}`, value, timestamp: FIRST_TIMESTAMP + i }
  }
}

/** What users do at any time: a paced run gives it the time at which it is written. */
export function* clicks(
  records: number,
  { seed, users = 10_000 }: { seed: number; users?: number },
): Iterable<InputRecord> {
  const random = new Random(seed)
  for (let i = 0; i < records; i++) {
    yield { key: `user-${random.below(users)}`, value: `page-${random.below(1000)}|${i}`, timestamp: FIRST_TIMESTAMP }
  }
}
