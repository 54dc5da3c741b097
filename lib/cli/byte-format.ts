import { isUtf8 } from 'node:buffer'
import type * as SerdesModule from '../serdes'
import type { Serde } from '../serdes/serde'
import { NO_HEADERS } from '../record/headers'
import { UsageError } from './usage-error'

/** How bytes are read as text and typed as arguments. */
export const BYTE_FORMATS = [
  'string',
  'json',
  'long',
  'int',
  'short',
  'double',
  'float',
  'boolean',
  'uuid',
  'hex',
  'base64',
] as const
export type ByteFormatName = (typeof BYTE_FORMATS)[number]

export interface ByteFormat {
  /** Something that JSON has; throws for bytes of another format. */
  decode(bytes: Buffer): unknown
  encode(text: string): Buffer
}

export const byteFormat = (name: string): ByteFormat => {
  if (name === 'hex' || name === 'base64') {
    return { decode: (bytes) => bytes.toString(name), encode: (text) => Buffer.from(text, name) }
  }
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only where bytes are shown
  const serdes = require('../serdes') as typeof SerdesModule
  switch (name as Exclude<ByteFormatName, 'hex' | 'base64'>) {
    case 'string': {
      const { decode, encode } = of(serdes.string(), (text) => text)
      return { encode, decode: (bytes) => decode(requireUtf8(bytes)) }
    }
    case 'json':
      return of(serdes.json<unknown>(), (text) => parsed(text))
    case 'long': {
      const { decode, encode } = of(serdes.bigint(), (text) => BigInt(text))
      return { encode, decode: (bytes) => exact(decode(bytes) as bigint) }
    }
    case 'int':
      return of(serdes.int(), Number)
    case 'short':
      return of(serdes.short(), Number)
    case 'double':
      return of(serdes.double(), Number)
    case 'float':
      return of(serdes.float(), Number)
    case 'boolean':
      return of(serdes.boolean(), (text) => text === 'true')
    case 'uuid':
      return of(serdes.uuid(), (text) => text)
  }
}

/** What is printed of bytes that a format can't read. */
export const decoded = (format: ByteFormat, bytes: Buffer | null): unknown => {
  if (bytes === null) return null
  try {
    return format.decode(bytes)
  } catch {
    return `0x${bytes.toString('hex')}`
  }
}

/** On one line. */
export const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const of = <T>(serde: Serde<T>, parse: (text: string) => T): ByteFormat => ({
  decode: (bytes) => serde.deserialize('', bytes, NO_HEADERS),
  encode(text) {
    try {
      return Buffer.from(serde.serialize('', parse(text), NO_HEADERS)!)
    } catch (error) {
      throw new UsageError(`'${text}' does not fit the format: ${(error as Error).message}`)
    }
  },
})

/** The serde reads anything, with U+FFFD for what is no text: then nobody could tell what the bytes were. */
const requireUtf8 = (bytes: Buffer): Buffer => {
  if (isUtf8(bytes)) return bytes
  throw new TypeError('not UTF-8')
}

/** JSON has no 64-bit integers: one that a number can't hold is text. */
const exact = (value: bigint): number | string => (Number.isSafeInteger(Number(value)) ? Number(value) : String(value))

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new UsageError(`'${text}' is no JSON`)
  }
}
