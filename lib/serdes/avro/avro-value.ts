import type { AvroLogicalTypes, LogicalValue, NoLogicalTypes } from './logical-types'
import type { AvroField, AvroLong } from './schema'

/**
 * The values of a schema, if TypeScript knows the whole schema: records, enums, arrays, maps, unions, named types
 * (also recursive ones) and logical types. Otherwise `unknown`.
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

/** Members that JavaScript can tell apart are bare values; otherwise each is `{ name: value }`. */
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
