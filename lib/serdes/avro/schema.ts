import type { AvroLogicalTypes, LogicalValue, NoLogicalTypes } from './logical-types'

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

/**
 * The values of a schema, where TypeScript knows the schema in full: records, enums, arrays, maps, unions, named types
 * (also recursive ones) and logical types. `unknown` where it does not.
 */
export type AvroValue<S, Long extends AvroLong = 'number', Logical extends AvroLogicalTypes = NoLogicalTypes> = Value<
  S,
  S,
  { long: Long; logical: Logical }
>

interface Settings {
  long: AvroLong
  logical: AvroLogicalTypes
}

/** `Root` is where names are looked up. */
type Value<S, Root, O extends Settings> = S extends readonly unknown[]
  ? UnionValue<S, Root, O>
  : S extends string
    ? NamedValue<S, Root, O>
    : S extends { readonly type: infer T }
      ? string extends T
        ? unknown
        : S extends { readonly logicalType: infer L }
          ? LogicalValue<L, T, O['logical'], PlainValue<S, T, Root, O>>
          : PlainValue<S, T, Root, O>
      : unknown

type PlainValue<S, T, Root, O extends Settings> = T extends 'record' | 'error'
  ? S extends { readonly fields: readonly AvroField[] }
    ? { -readonly [F in S['fields'][number] as F['name']]: Value<F['type'], Root, O> }
    : unknown
  : T extends 'enum'
    ? S extends { readonly symbols: readonly (infer Symbol)[] }
      ? Symbol
      : unknown
    : T extends 'array'
      ? S extends { readonly items: infer I }
        ? Array<Value<I, Root, O>>
        : unknown
      : T extends 'map'
        ? S extends { readonly values: infer V }
          ? { [key: string]: Value<V, Root, O> }
          : unknown
        : T extends 'fixed'
          ? Buffer
          : Value<T, Root, O>

type NamedValue<S extends string, Root, O extends Settings> = string extends S
  ? unknown
  : S extends 'null'
    ? null
    : S extends 'boolean'
      ? boolean
      : S extends 'int' | 'float' | 'double'
        ? number
        : S extends 'long'
          ? O['long'] extends 'bigint'
            ? bigint
            : number
          : S extends 'string'
            ? string
            : S extends 'bytes'
              ? Buffer
              : [DefinitionOf<Root, S>] extends [never]
                ? unknown
                : Value<DefinitionOf<Root, S>, Root, O>

// ---------------------------------------------------------------------------------------- names

type DefinitionOf<Root, Name extends string> = Extract<Definitions<Root>, { readonly name: Name | Unqualified<Name> }>

type Unqualified<Name extends string> = Name extends `${string}.${infer Rest}` ? Unqualified<Rest> : Name

/** All named types that a schema defines. */
type Definitions<S> = S extends readonly (infer Member)[]
  ? Definitions<Member>
  : S extends { readonly type: 'record' | 'error'; readonly fields: readonly (infer F)[] }
    ? S | (F extends { readonly type: infer T } ? Definitions<T> : never)
    : S extends { readonly type: 'enum' | 'fixed' }
      ? S
      : S extends { readonly type: 'array'; readonly items: infer I }
        ? Definitions<I>
        : S extends { readonly type: 'map'; readonly values: infer V }
          ? Definitions<V>
          : S extends { readonly type: infer T extends object }
            ? Definitions<T>
            : never

// ---------------------------------------------------------------------------------------- unions

/** Members that JavaScript can tell apart stand for themselves; else each is `{ name: value }`. */
type UnionValue<S extends readonly unknown[], Root, O extends Settings> = number extends S['length']
  ? unknown
  : IsAmbiguous<S, Root, O> extends true
    ? { [I in keyof S]: WrappedValue<S[I], Root, O> }[number]
    : { [I in keyof S]: Value<S[I], Root, O> }[number]

type WrappedValue<S, Root, O extends Settings> = S extends 'null' ? null : { [N in BranchName<S>]: Value<S, Root, O> }

type BranchName<S> = S extends string
  ? S
  : S extends { readonly name: infer N extends string }
    ? S extends { readonly namespace: infer Space extends string }
      ? `${Space}.${N}`
      : N
    : S extends { readonly type: infer T extends string }
      ? T
      : string

type IsAmbiguous<S extends readonly unknown[], Root, O extends Settings, Seen = never> = S extends readonly [
  infer First,
  ...infer Rest,
]
  ? Kind<First, Root, O> extends infer K
    ? [K] extends [never]
      ? IsAmbiguous<Rest, Root, O, Seen>
      : K extends Seen
        ? true
        : IsAmbiguous<Rest, Root, O, Seen | K>
    : never
  : false

/** What a member is in JavaScript; logical types are tried one by one and don't count. */
type Kind<S, Root, O extends Settings> = S extends { readonly logicalType: string }
  ? never
  : S extends { readonly type: infer T }
    ? Kind<T, Root, O>
    : S extends 'int' | 'long' | 'float' | 'double'
      ? [S, O['long']] extends ['long', 'bigint']
        ? 'bigint'
        : 'number'
      : S extends 'bytes' | 'fixed'
        ? 'buffer'
        : S extends 'string' | 'enum'
          ? 'string'
          : S extends 'record' | 'error' | 'map'
            ? 'object'
            : S extends 'null' | 'boolean' | 'array'
              ? S
              : S extends string
                ? [DefinitionOf<Root, S>] extends [never]
                  ? 'object'
                  : Kind<DefinitionOf<Root, S>, Root, O>
                : 'unknown'
