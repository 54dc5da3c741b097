import type { Serde } from './serde'

/** What is known only when the topology runs. */
export interface AppDefaults {
  readonly applicationId: string
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
}

/** A DSL serde that wraps others, some of which may be the application's defaults. */
export interface OpenSerde<T> extends Serde<T> {
  /** The same with all serdes filled in. */
  completed(defaults: AppDefaults): Serde<T>
}

/** The serde to work with. */
export const completed = <T>(serde: Serde<T> | OpenSerde<T>, defaults: AppDefaults): Serde<T> =>
  'completed' in serde ? serde.completed(defaults) : serde

/** The serde of keys to work with: the application's default if there is none. */
export const keySerdeOf = <K>(serde: Serde<K> | undefined, defaults: AppDefaults): Serde<K> =>
  completed(serde ?? (defaults.defaultKeySerde as Serde<K>), defaults)

/** The serde of values to work with: the application's default if there is none. */
export const valueSerdeOf = <V>(serde: Serde<V> | undefined, defaults: AppDefaults): Serde<V> =>
  completed(serde ?? (defaults.defaultValueSerde as Serde<V>), defaults)
