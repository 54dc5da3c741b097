export type AvroPrimitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

/** An Avro schema as JSON. Written in place, or `as const`, it gives the type of its values. */
export type AvroSchema = AvroPrimitive | (string & {}) | AvroComplexSchema | readonly AvroSchema[]

export interface AvroComplexSchema {
  readonly type: string | AvroComplexSchema | readonly AvroSchema[]
  readonly name?: string
  readonly namespace?: string
  readonly doc?: string
  readonly aliases?: readonly string[]
  readonly fields?: readonly AvroField[]
  readonly symbols?: readonly string[]
  readonly items?: AvroSchema
  readonly values?: AvroSchema
  readonly size?: number
  readonly default?: unknown
  readonly logicalType?: string
  readonly precision?: number
  readonly scale?: number
  /** Schemas may carry properties of anybody's. */
  readonly [property: string]: unknown
}

export interface AvroField {
  readonly name: string
  readonly type: AvroSchema
  readonly doc?: string
  readonly default?: unknown
  readonly aliases?: readonly string[]
  readonly order?: 'ascending' | 'descending' | 'ignore'
  readonly [property: string]: unknown
}

/** How values of `long` are given: as numbers, which end at ±2^53, or as bigints. */
export type AvroLong = 'number' | 'bigint'
