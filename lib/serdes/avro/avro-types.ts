import type * as Avsc from 'avsc'
import { StreamsError } from '../../errors'
import type { ResolvedSchema } from '../registry/schema-registry'
import { boundedTypes, type BoundedTypes } from './bounded-types'
import { type AvroLogicalType, type AvroLogicalTypes, BUILT_IN_LOGICAL_TYPES } from './logical-types'
import type { AvroComplexSchema, AvroLong, AvroSchema } from './schema'

export type AvroType = Avsc.Type
export type AvroResolver = ReturnType<Avsc.Type['createResolver']>

export interface ValueOptions {
  readonly long: AvroLong
  readonly logicalTypes: AvroLogicalTypes
}

type TypeOptions = NonNullable<Parameters<typeof Avsc.Type.forSchema>[1]>
/** With the types that it stands on; without, any. */
type LogicalClass = NonNullable<TypeOptions['logicalTypes']>[string] & { readonly on: readonly string[] | undefined }

let loaded: typeof Avsc | undefined
const avsc = (): typeof Avsc =>
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only when Avro is used
  (loaded ??= require('avsc') as typeof Avsc)

let loadedBounded: BoundedTypes | undefined
const bounded = (): BoundedTypes => (loadedBounded ??= boundedTypes(avsc().types))

/** Marks the schema of what a logical type stands on. */
const UNDERLYING = Symbol('underlying')

/** Creates avsc types from schemas, with the JavaScript values that the options select. */
export class AvroTypes {
  private readonly primitives: Readonly<Record<string, AvroType>>
  private readonly logicalTypes: Record<string, LogicalClass>

  constructor({ long, logicalTypes }: ValueOptions) {
    const { string, bytes } = bounded()
    this.primitives = { string, bytes, ...(long === 'bigint' && { long: bigintLong() }) }
    this.logicalTypes = classesOf({ ...BUILT_IN_LOGICAL_TYPES, ...logicalTypes })
  }

  /** @throws StreamsError INVALID_ARGUMENT if it is not an Avro schema */
  of(schema: AvroSchema): AvroType {
    try {
      return this.build(schema, [], this.logicalTypes)
    } catch (error) {
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `not a valid Avro schema: ${(error as Error).message}, in ${shortened(JSON.stringify(schema) ?? String(schema))}`,
        {},
        { cause: error },
      )
    }
  }

  ofStored({ schema, references }: ResolvedSchema): AvroType {
    return this.build(parsed(schema), references, this.logicalTypes)
  }

  /** A resolver that reads bytes written with a schema as `reader`. */
  resolver(reader: AvroType, { schema, references }: ResolvedSchema): AvroResolver {
    // underlying values: the reader's logical types convert them
    return reader.createResolver(this.build(parsed(schema), references, {}))
  }

  private build(
    schema: AvroSchema,
    references: ResolvedSchema['references'],
    logicalTypes: Record<string, LogicalClass>,
  ): AvroType {
    const options: Partial<TypeOptions> = {
      registry: { ...this.primitives },
      logicalTypes,
      omitRecordMethods: true,
      typeHook: (one, opts) => this.own(one as AvroSchema, opts, logicalTypes),
    }
    const { Type } = avsc()
    const make = (one: AvroSchema): AvroType => Type.forSchema(one as Avsc.Schema, options)
    for (const reference of references) make(parsed(reference.schema))
    return make(schema)
  }

  /** In place of avsc's: its registry has types only by their names, not those with properties. */
  private own(schema: AvroSchema, options: unknown, logicalTypes: Record<string, LogicalClass>): AvroType | undefined {
    if (typeof schema !== 'object' || !('type' in schema) || typeof schema.type !== 'string') return undefined
    const { type, logicalType = '' } = schema
    const isUnderlying = UNDERLYING in schema
    const logical = isUnderlying ? undefined : logicalTypes[logicalType]
    // it asks again, for the underlying type
    if (logical !== undefined && (logical.on?.includes(type) ?? true)) return undefined
    const { ArrayType, MapType } = bounded()
    if (type === 'array') return new ArrayType(schema as Avsc.Schema, options)
    if (type === 'map') return new MapType(schema as Avsc.Schema, options)
    // logical types convert numbers
    return isUnderlying && type === 'long' ? undefined : this.primitives[type]
  }
}

/** A registry may return the schema of a primitive as a bare string. */
const parsed = (schema: string): AvroSchema => {
  try {
    return JSON.parse(schema) as AvroSchema
  } catch (error) {
    if (/^[a-z]+$/.test(schema)) return schema
    throw error
  }
}

const bigintLong = (): AvroType => {
  const fits = (value: unknown): boolean => typeof value === 'bigint' && BigInt.asIntN(64, value) === value
  return avsc().types.LongType.__with({
    fromBuffer: (bytes: Buffer) => bytes.readBigInt64LE(),
    toBuffer(value: bigint) {
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeBigInt64LE(value)
      return bytes
    },
    // of defaults in schemas
    fromJSON: (value: number) => BigInt(value),
    toJSON: Number,
    isValid: fits,
    compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
  })
}

const classesOf = (logicalTypes: AvroLogicalTypes): Record<string, LogicalClass> => {
  const classes: Record<string, LogicalClass> = {}
  for (const [name, logical] of Object.entries(logicalTypes)) if (logical) classes[name] = classOf(logical)
  return classes
}

const classOf = (logical: AvroLogicalType<unknown>): LogicalClass => {
  const { LogicalType } = avsc().types
  return class extends LogicalType {
    static readonly on = logical.on
    private readonly declared: AvroComplexSchema

    constructor(schema: AvroComplexSchema, options?: unknown) {
      super({ ...schema, [UNDERLYING]: true } as Avsc.Schema, options)
      this.declared = schema
      const { typeName } = this.underlyingType
      if (logical.on && !logical.on.includes(typeName.replace(/^abstract:/, ''))) {
        throw new Error(`${String(schema.logicalType)} does not stand on ${typeName}`)
      }
    }

    protected override _fromValue(raw: unknown): unknown {
      return logical.fromAvro(raw as never, this.declared)
    }

    protected override _toValue(value: unknown): unknown {
      return logical.toAvro(value, this.declared)
    }

    /** From a writer's underlying value, where that type may be read as this one's. */
    protected override _resolve(writer: AvroType): unknown {
      const { underlyingType } = this
      try {
        underlyingType.createResolver(writer)
      } catch {
        return undefined
      }
      const promoted = promotion(underlyingType.typeName)
      return (raw: unknown) => this._fromValue(promoted(raw))
    }
  } as unknown as LogicalClass
}

/** Avro reads `bytes` as `string` and the other way round, and an int as a long. */
const promotion = (typeName: string): ((raw: unknown) => unknown) => {
  if (typeName === 'string') return (raw) => (Buffer.isBuffer(raw) ? raw.toString('utf8') : raw)
  if (typeName === 'bytes') return (raw) => (typeof raw === 'string' ? Buffer.from(raw, 'utf8') : raw)
  if (typeName === 'abstract:long') return (raw) => (typeof raw === 'number' ? BigInt(raw) : raw)
  return (raw) => raw
}

const shortened = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}…` : text)
