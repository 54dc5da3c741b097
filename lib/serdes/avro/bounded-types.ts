import type * as Avsc from 'avsc'
import { utf8Text } from '../../bytes/buffer-text'
import { newShortText } from '../short-text'

/*
 * avsc looks once a whole value is read whether it was all there: until then it reads nothing as zeros, for as many items as a
 * damaged count says. These types look as they read, so that reading takes no longer than there are bytes.
 */

/** What avsc's types read from. */
interface AvroTap {
  readonly buf: Buffer
  pos: number
  /** How many items of arrays took no bytes. */
  emptyItems?: number
  readLong(): number
  skipLong(): void
  readFixed(length: number): Buffer
  skipString(): void
}

/** A type, or what resolves another one to it. */
interface AvroReader {
  _read(tap: AvroTap): unknown
  _skip(tap: AvroTap): void
}

/** Of items without bytes, such as nulls, a few bytes can announce any number: a value may have so many. */
const MOST_EMPTY_ITEMS = 100_000

/** Up to so many, an array is made in its length at once. No more: a damaged count must not take memory. */
const MOST_EXPECTED_ITEMS = 1024

export interface BoundedTypes {
  readonly string: Avsc.Type
  readonly bytes: Avsc.Type
  readonly ArrayType: typeof Avsc.types.ArrayType
  readonly MapType: typeof Avsc.types.MapType
}

export const boundedTypes = ({ StringType, BytesType, ArrayType, MapType }: typeof Avsc.types): BoundedTypes => {
  // resolvers take `_read` as their own, with another `this` that has the resolvers of items and values

  /** avsc calls into native code for each string: for short ones that is most of what a record takes. */
  class BoundedString extends StringType {
    _read(tap: AvroTap): string {
      const end = endOf(tap)
      const start = tap.pos
      tap.pos = end
      return newShortText(tap.buf, start, end) ?? utf8Text(tap.buf, start, end)
    }
  }

  class BoundedBytes extends BytesType {
    _read(tap: AvroTap): Buffer {
      return tap.readFixed(endOf(tap) - tap.pos)
    }
  }

  class BoundedArray extends ArrayType {
    _read(tap: AvroTap): unknown[] {
      const items = this.itemsType as unknown as AvroReader
      const { length } = tap.buf
      let count = blockCount(tap)
      const values = new Array<unknown>(Math.min(count, MOST_EXPECTED_ITEMS))
      for (let i = 0; count > 0; count = blockCount(tap)) {
        for (; count > 0; count--) {
          const start = tap.pos
          values[i++] = items._read(tap)
          if (!(tap.pos > start && tap.pos <= length)) checkItem(tap, start)
        }
      }
      return values
    }

    _skip(tap: AvroTap): void {
      skipBlocks(tap, this.itemsType as unknown as AvroReader, false)
    }
  }

  class BoundedMap extends MapType {
    _read(tap: AvroTap): Record<string, unknown> {
      const items = this.valuesType as AvroReader
      const values: Record<string, unknown> = {}
      for (let count = blockCount(tap); count > 0; count = blockCount(tap)) {
        for (; count > 0; count--) {
          const start = tap.pos
          const key = keys._read(tap)
          const value = items._read(tap)
          if (tap.pos > tap.buf.length) checkItem(tap, start)
          if (key === '__proto__') define(values, key, value)
          else values[key] = value
        }
      }
      return values
    }

    _skip(tap: AvroTap): void {
      skipBlocks(tap, this.valuesType as AvroReader, true)
    }
  }

  const keys = new BoundedString()
  return { string: keys, bytes: new BoundedBytes(), ArrayType: BoundedArray, MapType: BoundedMap }
}

/** Where what begins with its length ends. */
const endOf = (tap: AvroTap): number => {
  const length = tap.readLong()
  const end = tap.pos + length
  // not a number either, which avsc makes of a length without end
  if (length >= 0 && end <= tap.buf.length) return end
  throw new RangeError('they end within a text or bytes')
}

/** How many items follow; 0 at the end. */
const blockCount = (tap: AvroTap): number => {
  const count = tap.readLong()
  if (count >= 0) return count
  tap.skipLong() // its bytes
  return -count
}

const checkItem = (tap: AvroTap, start: number): void => {
  if (tap.pos !== start) throw new RangeError('they end within an array or map')
  tap.emptyItems = (tap.emptyItems ?? 0) + 1
  if (tap.emptyItems > MOST_EMPTY_ITEMS)
    throw new RangeError(`an array has more than ${MOST_EMPTY_ITEMS} items that take no bytes`)
}

const skipBlocks = (tap: AvroTap, items: AvroReader, keyed: boolean): void => {
  for (let count = tap.readLong(); count !== 0; count = tap.readLong()) {
    if (count < 0) {
      tap.pos = endOf(tap)
      continue
    }
    for (; count > 0; count--) {
      const start = tap.pos
      if (keyed) tap.skipString()
      items._skip(tap)
      if (!(tap.pos > start && tap.pos <= tap.buf.length)) checkItem(tap, start)
    }
  }
}

/** As JSON.parse does: an assignment would set the prototype. */
const define = (values: Record<string, unknown>, key: string, value: unknown): void => {
  Object.defineProperty(values, key, { value, writable: true, enumerable: true, configurable: true })
}
