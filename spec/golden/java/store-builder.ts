import type { StateStore, StoreBuilder } from '../../../lib/state/store'

export interface JavaStoreBuilder {
  readonly builder: StoreBuilder<StateStore>
}

/** Java's `StoreBuilder`: its methods say what our options say. */
export class OptionalStoreBuilder implements JavaStoreBuilder {
  readonly builder: StoreBuilder<StateStore>

  constructor(
    private readonly make: (options: object) => StoreBuilder<StateStore>,
    private readonly options: object = {},
  ) {
    this.builder = make(options)
  }
  withLoggingDisabled(): OptionalStoreBuilder {
    return this.with({ logging: false })
  }
  withLoggingEnabled(configs: ReadonlyMap<string, string>): OptionalStoreBuilder {
    return this.with({ logging: Object.fromEntries(configs) })
  }
  withCachingEnabled(): OptionalStoreBuilder {
    return this.with({ caching: true })
  }
  withCachingDisabled(): OptionalStoreBuilder {
    return this.with({ caching: false })
  }
  private with(options: object): OptionalStoreBuilder {
    return new OptionalStoreBuilder(this.make, { ...this.options, ...options })
  }
}
