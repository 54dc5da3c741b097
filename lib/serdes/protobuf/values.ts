import type * as Protobuf from 'protobufjs'
import { SchemaViolation } from '../schema-violation'
import type { ValidationIssue } from '../standard-schema'
import { wellFormed } from '../string'
import type { MessageType } from './proto-file'
import type { ProtobufLong } from './protobuf-long'

type Path = readonly (string | number)[]
type Plain = Record<string, unknown>
interface LongBits {
  readonly low: number
  readonly high: number
}

const LONGS: ReadonlySet<string> = new Set(['int64', 'uint64', 'sint64', 'fixed64', 'sfixed64'])
const UNSIGNED: ReadonlySet<string> = new Set(['uint64', 'fixed64', 'uint32', 'fixed32'])
const INTS: ReadonlySet<string> = new Set(['int32', 'uint32', 'sint32', 'fixed32', 'sfixed32'])
const SHOWN = 40

/** Plain objects for the messages of protobufjs, and back. */
export class ProtobufValues {
  constructor(private readonly long: ProtobufLong) {}

  /** @throws SchemaViolation for an integer that a number can't hold */
  fromMessage(type: MessageType, message: Plain, path: Path = []): Plain {
    const value: Plain = {}
    for (const field of type.fieldsArray) {
      const { name } = field
      const given = Object.hasOwn(message, name) ? message[name] : undefined
      if (field.map) value[name] = this.mapFrom(field, (given ?? {}) as Plain, [...path, name])
      else if (field.repeated) {
        value[name] = ((given ?? []) as unknown[]).map((item, i) => this.itemFrom(field, item, [...path, name, i]))
      } else if (given != null) value[name] = this.itemFrom(field, given, [...path, name])
      else if (!hasPresence(field)) value[name] = this.itemFrom(field, field.typeDefault, [...path, name])
    }
    return value
  }

  /** What protobufjs encodes as Java does: without what is at its default. @throws SchemaViolation */
  toMessage(type: MessageType, value: unknown): Plain {
    const issues: ValidationIssue[] = []
    const message = this.messageOf(type, value, [], issues)
    if (issues.length > 0) throw new SchemaViolation(issues)
    return message
  }

  private itemFrom(field: Protobuf.Field, item: unknown, path: Path): unknown {
    const { resolvedType, type } = field
    if (isMessage(resolvedType)) return this.fromMessage(resolvedType, item as Plain, path)
    if (isEnum(resolvedType)) return resolvedType.valuesById[item as number] ?? item
    if (LONGS.has(type)) return this.longFrom(item, UNSIGNED.has(type), path)
    if (type === 'bytes') return Buffer.from(item as Uint8Array)
    return item
  }

  private mapFrom(field: Protobuf.Field, entries: Plain, path: Path): Plain {
    const keyType = keyTypeOf(field)
    const value: Plain = {}
    for (const [key, item] of Object.entries(entries)) {
      const name = LONGS.has(keyType) ? hashedLong(key, UNSIGNED.has(keyType)).toString() : key
      value[name] = this.itemFrom(field, item, [...path, name])
    }
    return value
  }

  private longFrom(item: unknown, unsigned: boolean, path: Path): number | bigint {
    const exact = typeof item === 'number' ? BigInt(item) : bigintOf(item as LongBits, unsigned)
    if (this.long === 'bigint') return exact
    const number = Number(exact)
    if (Number.isSafeInteger(number)) return number
    throw new SchemaViolation([{ path, message: `${exact} is beyond ±2^53: read it with { long: 'bigint' }` }])
  }

  private messageOf(type: MessageType, value: unknown, path: Path, issues: ValidationIssue[]): Plain {
    const message: Plain = {}
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      issues.push({ path, message: `${type.name} takes an object, got ${shown(value)}` })
      return message
    }
    const given = value as Plain
    for (const name of Object.keys(given)) {
      if (!Object.hasOwn(type.fields, name)) {
        issues.push({ path: [...path, name], message: `${type.name} has no field "${name}"` })
      }
    }
    for (const field of type.fieldsArray) {
      const { name } = field
      const item = fieldOf(given, name)
      const at = [...path, name]
      if (item == null) {
        if (field.required) issues.push({ path: at, message: 'it is required' })
      } else if (field.map) message[name] = this.mapTo(field, item, at, issues)
      else if (field.repeated) {
        if (!Array.isArray(item)) issues.push({ path: at, message: `a list is needed, got ${shown(item)}` })
        else message[name] = item.map((one, i) => this.itemTo(field, one, [...at, i], issues))
      } else {
        const scalar = this.itemTo(field, item, at, issues)
        if (hasPresence(field) || !isDefault(scalar)) message[name] = scalar
      }
    }
    for (const { name, oneof } of type.oneofsArray) {
      const set = oneof.filter((member) => fieldOf(given, member) != null)
      if (set.length > 1)
        issues.push({ path, message: `only one of ${set.join(', ')} may be set: they are a oneof, "${name}"` })
    }
    return message
  }

  private mapTo(field: Protobuf.Field, item: unknown, path: Path, issues: ValidationIssue[]): Plain {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) {
      issues.push({ path, message: `an object is needed, got ${shown(item)}` })
      return {}
    }
    const keyType = keyTypeOf(field)
    const entries: Plain = {}
    for (const [key, one] of Object.entries(item)) {
      const at = [...path, key]
      // protobufjs loses it
      if (key === '__proto__') issues.push({ path: at, message: 'a key other than "__proto__" is needed' })
      if (!isKey(keyType, key)) issues.push({ path: at, message: `a key of type ${keyType} is needed` })
      entries[wellFormed(key)] = this.itemTo(field, one, at, issues)
    }
    return entries
  }

  private itemTo(field: Protobuf.Field, item: unknown, path: Path, issues: ValidationIssue[]): unknown {
    const { resolvedType, type } = field
    if (isMessage(resolvedType)) return this.messageOf(resolvedType, item, path, issues)
    const refuse = (needed: string): undefined => {
      issues.push({ path, message: `${needed} is needed, got ${shown(item)}` })
      return undefined
    }
    if (isEnum(resolvedType)) {
      if (typeof item === 'string' && Object.hasOwn(resolvedType.values, item)) return resolvedType.values[item]
      if (typeof item === 'number' && isInt32(item)) return item
      return refuse(`one of ${Object.keys(resolvedType.values).join(', ')}`)
    }
    if (LONGS.has(type)) return longTo(item, UNSIGNED.has(type)) ?? refuse(`an integer of type ${type}`)
    if (INTS.has(type)) {
      const fits = typeof item === 'number' && (UNSIGNED.has(type) ? item >>> 0 === item : isInt32(item))
      return fits ? item : refuse(`an integer of type ${type}`)
    }
    if (type === 'bytes') return item instanceof Uint8Array ? item : refuse('a Buffer')
    if (type === 'bool') return typeof item === 'boolean' ? item : refuse('a boolean')
    if (type === 'string') return typeof item === 'string' ? wellFormed(item) : refuse('a string')
    return typeof item === 'number' ? item : refuse('a number')
  }
}

/** By their shape: the module is loaded elsewhere, and only when it is used. */
const isEnum = (type: Protobuf.Type | Protobuf.Enum | null): type is Protobuf.Enum =>
  type !== null && 'valuesById' in type
const isMessage = (type: Protobuf.Type | Protobuf.Enum | null): type is Protobuf.Type => type !== null && !isEnum(type)

/** Every object has `constructor` and the like, which is not its field. */
const fieldOf = (given: Plain, name: string): unknown =>
  Object.hasOwn(given, name) || !(name in Object.prototype) ? given[name] : undefined

const keyTypeOf = (map: Protobuf.Field): string => (map as unknown as { keyType: string }).keyType

/** Whether it is known if the field was set. Other fields have their default then. */
const hasPresence = (field: Protobuf.Field): boolean =>
  isMessage(field.resolvedType) || Boolean((field as unknown as { hasPresence: unknown }).hasPresence)

const isDefault = (scalar: unknown): boolean => {
  if (scalar instanceof Uint8Array) return scalar.length === 0
  if (typeof scalar === 'object' && scalar !== null)
    return (scalar as LongBits).low === 0 && (scalar as LongBits).high === 0
  return scalar === '' || scalar === false || Object.is(scalar, 0)
}

const isInt32 = (value: number): boolean => (value | 0) === value

const bigintOf = ({ low, high }: LongBits, unsigned: boolean): bigint => {
  const bits = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
  return unsigned ? bits : BigInt.asIntN(64, bits)
}

const longTo = (item: unknown, unsigned: boolean): LongBits | undefined => {
  if (typeof item !== 'bigint' && !Number.isSafeInteger(item)) return undefined
  const value = BigInt(item as number | bigint)
  const fits = unsigned ? BigInt.asUintN(64, value) === value : BigInt.asIntN(64, value) === value
  return fits ? { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)) } : undefined
}

/** protobufjs keeps 64-bit keys of maps as their eight bytes, in a text. */
const hashedLong = (hash: string, unsigned: boolean): bigint => {
  const bits = BigInt.asUintN(64, Buffer.from(hash, 'latin1').readBigUInt64LE())
  return unsigned ? bits : BigInt.asIntN(64, bits)
}

const isKey = (type: string, key: string): boolean => {
  if (type === 'string') return true
  if (type === 'bool') return key === 'true' || key === 'false'
  if (!/^-?\d+$/.test(key)) return false
  if (LONGS.has(type)) return longTo(BigInt(key), UNSIGNED.has(type)) !== undefined
  return UNSIGNED.has(type) ? Number(key) >>> 0 === Number(key) : isInt32(Number(key))
}

const shown = (value: unknown): string => {
  const text =
    typeof value === 'bigint' ? `${value}n` : typeof value === 'object' ? describeObject(value) : String(value)
  return `${typeof value === 'string' ? `'${text.slice(0, SHOWN)}'` : text.slice(0, SHOWN)} (${typeof value})`
}

const describeObject = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'a list' : 'an object'
