import type { Serde } from './serde'

/** What a topology learns only when it runs. */
export interface AppDefaults {
  readonly applicationId: string
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
}

/** A serde of the DSL's own around others, some of which may be left to the app's defaults. */
export interface OpenSerde<T> extends Serde<T> {
  /** The same with nothing left open. */
  completed(defaults: AppDefaults): Serde<T>
}

/** The serde to work with. */
export const completed = <T>(serde: Serde<T> | OpenSerde<T>, defaults: AppDefaults): Serde<T> =>
  'completed' in serde ? serde.completed(defaults) : serde
