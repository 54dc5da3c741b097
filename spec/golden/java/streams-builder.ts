import { StreamsBuilder as Builder } from '../../../lib/dsl/streams-builder'
import type { Optimization } from '../../../lib/topology/optimize/optimize'
import type { JavaConfig } from '../case'
import { GlobalKTable } from './joins'
import { KStream } from './kstream'
import { KTable } from './ktable'
import { Consumed, Materialized, merged } from './options'
import type { JavaProcessorSupplier } from './processor'
import type { JavaStoreBuilder } from './store-builder'
import { Topology } from './topology'
import { topicsOf } from './values'

/** Java's `StreamsBuilder` over ours. */
export class StreamsBuilder {
  private readonly builder: Builder

  constructor(config: JavaConfig | TopologyConfig = {}) {
    const suppliers = (config instanceof TopologyConfig ? config.config : config)['dsl.store.suppliers.class']
    const inMemory = String(suppliers ?? '').endsWith('InMemoryDslStoreSuppliers')
    // Java looks at this one only where the builder is given its config
    const named = config instanceof TopologyConfig && config.config['ensure.explicit.internal.resource.naming']
    this.builder = new Builder({
      ...(inMemory && { defaultStoreType: 'in-memory' }),
      ensureExplicitInternalResourceNaming: String(named) === 'true',
    })
  }

  stream(topics: string | readonly string[] | RegExp, ...options: unknown[]): KStream {
    return new KStream(
      this.builder.stream<unknown, unknown>(topicsOf(topics), { ...(merged(options) as object), nullable: true }),
    )
  }
  table(topic: string, ...options: unknown[]): KTable {
    const consumed = merged(options.filter((option) => option instanceof Consumed))
    const materialized = options.filter((option) => option instanceof Materialized)
    return new KTable(
      this.builder.table<unknown, unknown>(topic, consumed, materialized.length > 0 ? merged(materialized) : undefined),
    )
  }
  globalTable(topic: string, ...options: unknown[]): GlobalKTable {
    const consumed = merged(options.filter((option) => option instanceof Consumed))
    const materialized = options.filter((option) => option instanceof Materialized)
    return new GlobalKTable(
      this.builder.globalTable<unknown, unknown>(
        topic,
        consumed,
        materialized.length > 0 ? merged(materialized) : undefined,
      ),
    )
  }
  addGlobalStore(
    { builder }: JavaStoreBuilder,
    topic: string,
    consumed: Consumed,
    { supplier }: JavaProcessorSupplier,
  ): this {
    this.builder.addGlobalStore<unknown, unknown>(builder, topic, merged([consumed]), supplier)
    return this
  }
  addStateStore({ builder }: JavaStoreBuilder): this {
    this.builder.addStateStore(builder)
    return this
  }
  build(config: JavaConfig = {}): Topology {
    return new Topology(this.builder.build({ optimization: optimization(config['topology.optimization']) }))
  }
}

function optimization(value: JavaConfig[string] | undefined): 'none' | 'all' | Optimization[] {
  if (value === undefined || value === 'none' || value === 'all') return value ?? 'none'
  return String(value).split(',') as Optimization[]
}

export class TopologyConfig {
  constructor(readonly config: JavaConfig) {}
}
