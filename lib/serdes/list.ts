import { requireArgument, SERDE } from '../arguments'
import { bigint, double, float, int, long, short } from './numbers'
import type { Serde } from './serde'
import { uuid } from './uuid'

/** The first byte says how entries are laid out. */
const CONSTANT_SIZE = 0
const VARIABLE_SIZE = 1
const NULL_ENTRY = -1

/** The inner serdes whose entries Kafka's list serde writes without their lengths. */
const WIDTHS = new Map<unknown, number>([
  [short(), 2],
  [int(), 4],
  [float(), 4],
  [long(), 8],
  [bigint(), 8],
  [double(), 8],
  [uuid(), 36],
])

const i32 = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeInt32BE(value)
  return bytes
}

/**
 * Lists in the bytes of Java's `ListSerde`. An entry may be null: say so with `serdes.list<string | null>(…)`.
 *
 * @example
 * orders.groupByKey().aggregate(() => [], (ids, order) => [...ids, order.id], { value: serdes.list(serdes.string()) })
 */
export const list = <T>(inner: Serde<T>): Serde<T[]> => {
  requireArgument(inner, SERDE, 'serdes.list', 'inner')
  const width = WIDTHS.get(inner)
  return {
    serialize(topic, values, headers) {
      if (!Array.isArray(values)) throw new TypeError(`an array is needed, got ${typeof values}`)
      const entries = values.map((value) => (value == null ? null : inner.serialize(topic, value, headers)))
      return width === undefined ? variableSize(entries) : constantSize(entries, width)
    },
    deserialize(topic, bytes, headers) {
      const reader = new EntryReader(bytes)
      return reader
        .entries(width)
        .map((entry) => (entry === null ? null : inner.deserialize(topic, entry, headers)) as T)
    },
    ...(inner.prepare && { prepare: (topic, use) => inner.prepare!(topic, use) }),
  }
}

/** `00 ‖ number of nulls ‖ their indexes ‖ size ‖ the other entries` */
const constantSize = (entries: readonly (Buffer | null)[], width: number): Buffer => {
  const nulls = entries.flatMap((entry, index) => (entry === null ? [index] : []))
  const present = entries.filter((entry) => entry !== null)
  const strange = present.find((entry) => entry.length !== width)
  if (strange) throw new RangeError(`an entry of this list is ${width} bytes, got ${strange.length}`)
  return Buffer.concat([
    Buffer.of(CONSTANT_SIZE),
    i32(nulls.length),
    ...nulls.map(i32),
    i32(entries.length),
    ...present,
  ])
}

/** `01 ‖ size ‖ length and bytes of each entry`, with length −1 for null. */
const variableSize = (entries: readonly (Buffer | null)[]): Buffer =>
  Buffer.concat([
    Buffer.of(VARIABLE_SIZE),
    i32(entries.length),
    ...entries.flatMap((entry) => (entry === null ? [i32(NULL_ENTRY)] : [i32(entry.length), entry])),
  ])

class EntryReader {
  private position = 0

  constructor(private readonly bytes: Buffer) {}

  entries(width: number | undefined): Array<Buffer | null> {
    const strategy = this.take(1, 'the strategy')[0]
    if (strategy !== CONSTANT_SIZE && strategy !== VARIABLE_SIZE) {
      throw new RangeError(`a list begins with 00 or 01, got ${this.bytes.subarray(0, 1).toString('hex')}`)
    }
    if (strategy === CONSTANT_SIZE && width === undefined) {
      throw new RangeError(
        'this list was written with entries of constant size, which the inner serde does not have: ' +
          'it takes the inner serde that it was written with',
      )
    }
    const entries = strategy === CONSTANT_SIZE ? this.constantSize(width!) : this.variableSize()
    if (this.position !== this.bytes.length) {
      throw new RangeError(
        `${this.bytes.length - this.position} bytes follow the ${entries.length} entries of the list`,
      )
    }
    return entries
  }

  private constantSize(width: number): Array<Buffer | null> {
    const nulls = new Set(this.repeat(this.count('the number of nulls'), () => this.int('an index of a null')))
    let index = 0
    return this.repeat(this.count('the size'), () => (nulls.has(index++) ? null : this.take(width, 'an entry')))
  }

  private variableSize(): Array<Buffer | null> {
    return this.repeat(this.count('the size'), () => {
      const length = this.int('the length of an entry')
      return length === NULL_ENTRY ? null : this.take(length, 'an entry')
    })
  }

  /** Not by array length: a damaged count must end at the end of the bytes, not in memory. */
  private repeat<E>(times: number, read: () => E): E[] {
    const all: E[] = []
    for (let i = 0; i < times; i++) all.push(read())
    return all
  }

  private count(what: string): number {
    const count = this.int(what)
    if (count < 0) throw new RangeError(`${what} of the list is ${count}`)
    return count
  }

  private int(what: string): number {
    return this.take(4, what).readInt32BE()
  }

  private take(length: number, what: string): Buffer {
    const from = this.position
    const to = from + length
    if (length < 0 || to > this.bytes.length) {
      throw new RangeError(`the list ends within ${what}: ${this.bytes.length} bytes`)
    }
    this.position = to
    return this.bytes.subarray(from, to)
  }
}
