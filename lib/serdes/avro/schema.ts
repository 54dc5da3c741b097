/** The types of Avro that have a name and nothing else. */
export type AvroPrimitive = 'null' | 'boolean' | 'int' | 'long' | 'float' | 'double' | 'bytes' | 'string'

/** An Avro schema as JSON. Written in place, or `as const`, it gives the type of its values. */
export type AvroSchema = AvroPrimitive | (string & {}) | AvroComplexSchema | readonly AvroSchema[]

/** A record, enum, array, map or fixed type, or any type with properties such as a logical type. */
export interface AvroComplexSchema {
  /** The type itself. */
  readonly type: string | AvroComplexSchema | readonly AvroSchema[]
  /** Of records, enums and fixed types: other types refer to it by this. */
  readonly name?: string
  /** Comes before the name, with a dot. Default: that of the type around it. */
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
  /** Of a decimal: its digits. */
  readonly precision?: number
  /** Of a decimal: its digits behind the point. */
  readonly scale?: number
  /** Schemas may carry properties of anybody's. */
  readonly [property: string]: unknown
}

/** A field of a record. */
export interface AvroField {
  /** By which values have it. */
  readonly name: string
  /** The type of its values. */
  readonly type: AvroSchema
  /** For readers. */
  readonly doc?: string
  /** Stands for what the data lacks. */
  readonly default?: unknown
  /** Other names that data may have been written under. */
  readonly aliases?: readonly string[]
  /** How the field takes part in sorting. */
  readonly order?: 'ascending' | 'descending' | 'ignore'
  /** Fields may carry properties of anybody's. */
  readonly [property: string]: unknown
}

/** How values of `long` are given: as numbers, which end at ±2^53, or as bigints. */
export type AvroLong = 'number' | 'bigint'
