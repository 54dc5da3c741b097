import { Topology as StreamsTopology } from '../../../lib/topology/topology'
import type { Serde } from '../../../lib/serdes/serde'
import type { JavaProcessorSupplier } from './processor'
import { isJavaSerde } from './serdes'
import type { JavaStoreBuilder } from './store-builder'
import { topicExtractor, streamPartitioner, timestampExtractor, type JavaPartitioner } from './functions'

type SerdeLike = { readonly serde: Serde<unknown> }
const isSerdeLike = (value: unknown): value is SerdeLike => isJavaSerde(value) || hasSerde(value)
const hasSerde = (value: unknown): value is SerdeLike => typeof value === 'object' && value !== null && 'serde' in value

/** Java's `Topology`: overloads told apart by what is passed. */
export class Topology {
  constructor(readonly topology: StreamsTopology = new StreamsTopology()) {}

  /** `addSource(name, [keyDeserializer, valueDeserializer,] topics…)` */
  addSource(name: string, ...rest: unknown[]): this {
    const [key, value] = rest.filter(isSerdeLike)
    const topics = rest.filter((item) => typeof item === 'string')
    const pattern = rest.find((item) => item instanceof RegExp)
    this.topology.addSource(name, pattern ?? topics, { key: key?.serde, value: value?.serde })
    return this
  }

  addProcessor(name: string, { supplier, stores }: JavaProcessorSupplier, ...parents: string[]): this {
    this.topology.addProcessor(
      name,
      supplier,
      parents,
      stores.map((store) => store.builder),
    )
    return this
  }

  /** `addSink(name, topic | extractor, [keySerializer, valueSerializer,] [partitioner,] parents…)` */
  addSink(name: string, topic: unknown, ...rest: unknown[]): this {
    const [key, value] = rest.filter(isSerdeLike)
    const partitioner = rest.find((item) => typeof item === 'function') as JavaPartitioner | undefined
    const parents = rest.filter((item) => typeof item === 'string')
    this.topology.addSink(name, typeof topic === 'string' ? topic : topicExtractor(topic as never), parents, {
      key: key?.serde,
      value: value?.serde,
      ...(partitioner && { partitioner: streamPartitioner(partitioner) }),
    })
    return this
  }

  addStateStore({ builder }: JavaStoreBuilder, ...processors: string[]): this {
    this.topology.addStateStore(builder, processors)
    return this
  }

  /** `addGlobalStore(builder, source, [extractor,] keyDeserializer, valueDeserializer, topic, processor, supplier)` */
  addGlobalStore({ builder }: JavaStoreBuilder, source: string, ...rest: unknown[]): this {
    const [key, value] = rest.filter(isSerdeLike)
    const extractor = rest.find((item) => typeof item === 'function')
    const [topic, processor] = rest.filter((item) => typeof item === 'string')
    const { supplier } = rest.at(-1) as JavaProcessorSupplier
    this.topology.addGlobalStore(builder, source, topic!, processor!, supplier, {
      key: key?.serde,
      value: value?.serde,
      ...(extractor !== undefined && { timestampExtractor: timestampExtractor(extractor as never) }),
    })
    return this
  }

  /** The arguments of `addGlobalStore`. */
  addReadOnlyStateStore({ builder }: JavaStoreBuilder, source: string, ...rest: unknown[]): this {
    const [key, value] = rest.filter(isSerdeLike)
    const extractor = rest.find((item) => typeof item === 'function')
    const [topic, processor] = rest.filter((item) => typeof item === 'string')
    const { supplier } = rest.at(-1) as JavaProcessorSupplier
    this.topology.addReadOnlyStateStore(builder, source, topic!, processor!, supplier, {
      key: key?.serde,
      value: value?.serde,
      ...(extractor !== undefined && { timestampExtractor: timestampExtractor(extractor as never) }),
    })
    return this
  }

  connectProcessorAndStateStores(processor: string, ...stores: string[]): this {
    this.topology.connectProcessorAndStateStores(processor, stores)
    return this
  }
}
