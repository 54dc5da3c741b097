/** Avro's primitive types. */
export type AvroPrimitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

/** An Avro schema as JSON. Written in place, or `as const`, it gives the type of its values. */
export type AvroSchema = AvroPrimitive | (string & {}) | AvroComplexSchema | readonly AvroSchema[]

/** A record, enum, array, map or fixed type, or any type with properties such as a logical type. */
export interface AvroComplexSchema {
  /** The type itself. */
  readonly type: string | AvroComplexSchema | readonly AvroSchema[]
  /** Of records, enums and fixed types: other types refer to it by this. */
  readonly name?: string
  /** The prefix of the name, followed by a dot. Default: that of the enclosing type. */
  readonly namespace?: string
  /** For readers. */
  readonly doc?: string
  /** Other names that data may have been written under. */
  readonly aliases?: readonly string[]
  /** Of a record. */
  readonly fields?: readonly AvroField[]
  /** Of an enum. */
  readonly symbols?: readonly string[]
  /** Of an array: the type of its items. */
  readonly items?: AvroSchema
  /** Of a map: the type of its values. */
  readonly values?: AvroSchema
  /** Of a fixed type: its bytes. */
  readonly size?: number
  /** Stands for what the data lacks. */
  readonly default?: unknown
  /** What the values mean, such as `date`. */
  readonly logicalType?: string
  /** Of a decimal: its number of digits. */
  readonly precision?: number
  /** Of a decimal: its digits after the point. */
  readonly scale?: number
  /** Schemas may have any other properties. */
  readonly [property: string]: unknown
}

/** A field of a record. */
export interface AvroField {
  /** The property name in values. */
  readonly name: string
  /** The type of its values. */
  readonly type: AvroSchema
  /** For readers. */
  readonly doc?: string
  /** Stands for what the data lacks. */
  readonly default?: unknown
  /** Other names that data may have been written under. */
  readonly aliases?: readonly string[]
  /** How the field sorts. */
  readonly order?: 'ascending' | 'descending' | 'ignore'
  /** Fields may have any other properties. */
  readonly [property: string]: unknown
}

/** How values of `long` are given: as numbers, which end at ±2^53, or as bigints. */
export type AvroLong = 'number' | 'bigint'
