import { PassThroughOperator } from '../../operators/pass-through'
import type { Aggregator } from '../../operators/callbacks'
import type { OldValues } from '../../operators/change-forwarder'
import type { Processor } from '../../operators/processor'
import type { Serde } from '../../serdes/serde'
import type { StateStore, StoreBuilder } from '../../state/store'
import type { NodeId } from '../graph/nodes'
import type { GroupedSource } from '../grouped-source'
import { KTable } from '../ktable'
import type { DslContext } from '../graph-reference'
import { repartitionNode } from '../repartition'

/** One of the grouped streams, with the aggregator of its records. */
export interface CogroupedStream<K, A> {
  readonly source: GroupedSource<K, unknown>
  readonly aggregator: Aggregator<K, never, A>
}

/** How an aggregation of cogrouped streams is put into the graph. */
export interface CogroupAggregation<KR, A> {
  readonly name?: string
  readonly queryableStoreName?: string
  readonly store: StoreBuilder<StateStore>
  readonly keySerde?: Serde<KR>
  readonly valueSerde?: Serde<A>
  readonly windowGraceMs?: number
  readonly operator: (aggregator: Aggregator<never, never, A>, old: OldValues) => Processor<never, never, never, never>
}

const AGGREGATE = 'COGROUPKSTREAM-AGGREGATE-'
const MERGE = 'COGROUPKSTREAM-MERGE-'

/** Several grouped streams that are aggregated into one table: each by a processor of its own, all into one store. */
export class CogroupedStreams<K, A> {
  constructor(
    readonly context: DslContext,
    readonly streams: readonly CogroupedStream<K, A>[],
    /** Where those that are repartitioned are read from; several aggregations share it. */
    private readonly repartitions: Map<GroupedSource<K, unknown>, NodeId> = new Map(),
  ) {}

  /** With another stream; one that is among them already gets the new aggregator. */
  with(source: GroupedSource<K, unknown>, aggregator: Aggregator<K, never, A>): CogroupedStreams<K, A> {
    const known = this.streams.some((stream) => stream.source === source)
    const streams = known
      ? this.streams.map((stream) => (stream.source === source ? { source, aggregator } : stream))
      : [...this.streams, { source, aggregator }]
    return new CogroupedStreams(this.context, streams, this.repartitions)
  }

  /** Known of any of the streams: their keys are of one type. */
  get keySerde(): Serde<K> | undefined {
    return this.streams.find(({ source }) => source.position.keySerde)?.source.position.keySerde
  }

  storeName(given: string | undefined): string {
    return given ?? this.context.naming.store(AGGREGATE)
  }

  aggregated<KR>(aggregation: CogroupAggregation<KR, A>): KTable<KR, A> {
    const { context } = this
    const { name, store, keySerde, valueSerde, windowGraceMs } = aggregation
    const parents = this.streams.map(({ source }) => this.parentOf(source, store.name))
    const nodes = this.streams.map(({ aggregator }, i) =>
      context.graph.add([parents[i]!], {
        kind: 'aggregate',
        name: context.naming.suffixedNode(AGGREGATE, name, `-cogroup-agg-${i}`),
        store,
        operator: (old) => aggregation.operator(aggregator as Aggregator<never, never, A>, old),
        windowGraceMs,
      }),
    )
    const mergeName = context.naming.suffixedNode(MERGE, name, '-cogroup-merge')
    const node = context.graph.add(nodes, {
      kind: 'table-view',
      name: mergeName,
      store: null,
      operator: () => new PassThroughOperator(),
      rows: (first) => first!,
      copartitioned: this.streams.map(({ source }) => source.position.node),
    })
    const position = { context, node, name: mergeName, keySerde, valueSerde, repartitionRequired: false }
    return new KTable<KR, A>(position, aggregation.queryableStoreName)
  }

  private parentOf(source: GroupedSource<K, unknown>, store: string): NodeId {
    const { node: parent, keySerde, valueSerde, repartitionRequired } = source.position
    if (!repartitionRequired) return parent
    const { graph, naming } = this.context
    const created = repartitionNode(naming, source.name ?? store, { keySerde, valueSerde, implicit: true })
    const known = this.repartitions.get(source)
    if (known !== undefined) return known
    const node = graph.add([parent], created)
    this.repartitions.set(source, node)
    return node
  }
}
