import { NO_HEADERS } from '../record/headers'
import { MissingDependency } from '../serdes/missing-dependency'
import type { Serde } from '../serdes/serde'

/**
 * A value as JSON: bytes in base64, bigints and numbers that JSON doesn't have as text. A value is never `null` by accident, which would
 * say that there is none.
 */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, name, shown: unknown) {
    // before `toJSON` of a Buffer
    const found = this[name]
    if (found instanceof Uint8Array) return Buffer.from(found.buffer, found.byteOffset, found.length).toString('base64')
    if (typeof found === 'bigint') return found.toString()
    if (typeof found === 'number' && !Number.isFinite(found)) return String(found)
    if (found instanceof Map) return [...(found as Map<unknown, unknown>)]
    return shown
  })

const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/

/** Base64, or its form for URLs; `undefined` if it is neither. */
export const bytesOfBase64 = (text: string): Buffer | undefined =>
  BASE64.test(text) ? Buffer.from(text, 'base64') : undefined

/**
 * The key that a text in a URL stands for: text for a serde of text, else JSON (a number, a list), else, for what JSON can't say, the text
 * itself, a bigint, or bytes in base64. Throws if the serde takes none of them.
 */
export const keyOfText = (text: string, serde: Serde<unknown>, topic: string): unknown => {
  let problem: Error | undefined
  for (const read of takesText(serde, topic) ? [asText] : [asJson, asText, asBigint, asBytes]) {
    const key = read(text)
    if (key === undefined) continue
    try {
      if (serde.serialize(topic, key, NO_HEADERS) !== null) return key
    } catch (error) {
      if (error instanceof MissingDependency) throw error
      problem ??= error as Error
    }
  }
  throw problem ?? new TypeError('its serde takes no such key')
}

/** Text is its own serialized form. */
const takesText = (serde: Serde<unknown>, topic: string): boolean => {
  try {
    return serde.serialize(topic, 'text', NO_HEADERS)?.toString() === 'text'
  } catch (error) {
    if (error instanceof MissingDependency) throw error
    return false
  }
}

const asText = (text: string): unknown => text
const asBigint = (text: string): unknown => (/^-?\d{1,40}$/.test(text) ? BigInt(text) : undefined)
const asBytes = (text: string): unknown => bytesOfBase64(text)
const asJson = (text: string): unknown => {
  try {
    return (JSON.parse(text) as unknown) ?? undefined
  } catch {
    return undefined
  }
}
