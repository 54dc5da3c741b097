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
