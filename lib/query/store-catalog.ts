import { StreamsError } from '../errors'
import { NO_HEADERS } from '../record/headers'
import { toPrimaryPartition } from '../serdes/foreign-key/subscription'
import type { Serde } from '../serdes/serde'
import { MemoryTaskDatabase } from '../state/memory/memory-engine'
import type { ManagedStore, StateStore, StateStoreContext, StoreBuilder } from '../state/store'
import { isTimestamped, kindOfStore, type StoreKind } from '../state/store-kind'
import type { CompiledTopology, SubTopology } from '../topology/definition'
import { type StoreInputs, storeInputs } from '../topology/store-inputs'

/** What is known of a store without having any of its partitions. */
export interface CatalogStore {
  readonly name: string
  /** One that is empty, and never used. */
  readonly sample: StateStore
  readonly kind: StoreKind | undefined
  readonly timestamped: boolean
  /** Looked up by name, its values have no timestamps, although the store keeps them. */
  readonly plainByName: boolean
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
  /** What its serdes are called with. */
  readonly topic: string
  /** `undefined` for a global store. */
  readonly subTopology: SubTopology | undefined
  /** The topics whose keys it has, which may have fewer partitions than others of its tasks; `undefined` for a global store. */
  readonly inputs: StoreInputs | undefined
  /** Topics that feed it are partitioned by functions of the user. */
  readonly hasPartitioner: boolean
}

export interface CatalogOptions {
  readonly topology: CompiledTopology
  readonly defaultKeySerde: Serde<unknown>
  readonly defaultValueSerde: Serde<unknown>
}

/** The stores of a topology, by name. */
export class StoreCatalog {
  readonly #options: CatalogOptions
  readonly #found = new Map<string, CatalogStore>()

  constructor(options: CatalogOptions) {
    this.#options = options
  }

  get names(): string[] {
    const { subTopologies, global } = this.#options.topology
    const local = subTopologies.flatMap((sub) => sub.stores.map(({ definition }) => definition.builder.name as string))
    return [...new Set([...local, ...global.stores.map(({ builder }) => builder.name as string)])]
  }

  /** @throws StreamsError UNKNOWN_STORE */
  get(name: string): CatalogStore {
    const known = this.#found.get(name)
    if (known !== undefined) return known
    const store = this.#find(name)
    this.#found.set(name, store)
    return store
  }

  #find(name: string): CatalogStore {
    const { subTopologies, global } = this.#options.topology
    for (const subTopology of subTopologies) {
      const found = subTopology.stores.find(({ definition }) => definition.builder.name === name)
      if (found) {
        const { definition, changelogTopic } = found
        return this.#describe(definition.builder, changelogTopic, subTopology, storeInputs(subTopology, definition))
      }
    }
    const found = global.stores.find(({ builder }) => builder.name === name)
    if (found) return this.#describe(found.builder, found.topic)
    throw new StreamsError(
      'UNKNOWN_STORE',
      `the topology has no store "${name}"; it has: ${this.names.join(', ') || 'none'}`,
      { store: name },
    )
  }

  /** A builder does not tell what the store is and which serdes it uses: one that is made and never used does. */
  #describe(
    builder: StoreBuilder,
    changelogTopic: string | null,
    subTopology?: SubTopology,
    inputs?: StoreInputs,
  ): CatalogStore {
    const { name } = builder
    const store = builder.build(changelogTopic) as ManagedStore
    const used: { serde: Serde<unknown>; topic: string }[] = []
    store.init(this.#context(name, (serde, topic) => used.push({ serde, topic })))
    const [key, value] = used
    const { topology, defaultKeySerde, defaultValueSerde } = this.#options
    return {
      name,
      sample: store,
      kind: kindOfStore(store),
      timestamped: isTimestamped(store),
      plainByName: builder.plainByName === true,
      keySerde: key?.serde ?? defaultKeySerde,
      valueSerde: value?.serde ?? defaultValueSerde,
      topic: key?.topic ?? `${topology.applicationId}-${name}-changelog`,
      subTopology,
      inputs,
      hasPartitioner: subTopology !== undefined && hasPartitioner(topology, subTopology),
    }
  }

  #context(store: string, prepare: StateStoreContext['prepare']): StateStoreContext {
    const { topology, defaultKeySerde, defaultValueSerde } = this.#options
    const database = new MemoryTaskDatabase([store])
    return {
      applicationId: topology.applicationId,
      taskId: '',
      partition: 0,
      recordContext: { topic: null, partition: -1, offset: -1, timestamp: 0, headers: NO_HEADERS },
      logChange: () => {},
      dropRecord: () => {},
      openBytes: () => database.stores.get(store)!,
      beforeSeal: () => {},
      cache: undefined,
      prepare,
      defaultKeySerde,
      defaultValueSerde,
    }
  }
}

const hasPartitioner = (topology: CompiledTopology, { sourceTopics }: SubTopology): boolean =>
  topology.subTopologies.some((sub) =>
    sub.nodes.some(
      (node) =>
        node.kind === 'sink' &&
        node.partitioner !== undefined &&
        node.partitioner !== toPrimaryPartition &&
        typeof node.topic === 'string' &&
        sourceTopics.includes(topology.topicName(node.topic)),
    ),
  )
