import type { Aggregator } from '../../operators/callbacks'
import type { Serde } from '../../serdes/serde'
import type { NodeId } from '../../topology/graph/node'
import type { NewNode } from '../../topology/graph/nodes'
import type { SessionAggregateNode, StreamAggregateNode } from '../../topology/graph/stream-nodes'
import type { GroupedSource } from '../grouped-source'
import type { DslContext, GraphReference } from '../graph-reference'
import { lateName, lateRecords } from '../late-records'
import { repartitionNode } from '../repartition'

/** One of the grouped streams, with the aggregator of its records. */
export interface CogroupedStream<K, A> {
  readonly source: GroupedSource<K, unknown>
  readonly aggregator: Aggregator<K, unknown, A>
}

/** How to add an aggregation of cogrouped streams to the graph. */
export interface CogroupAggregation<K, KR, A> {
  /** Of its operators, where the user named it. */
  readonly name?: string
  readonly store: string
  readonly keySerde?: Serde<KR>
  readonly valueSerde?: Serde<A>
  /** Late records are asked for. */
  readonly takesLate: boolean
  /** Adds the records of one of the streams. */
  readonly node: (
    name: string,
    aggregator: Aggregator<K, unknown, A>,
    late: string | undefined,
  ) => NewNode<StreamAggregateNode | SessionAggregateNode>
}

/** The table of cogrouped streams, and the late records of each of them, if they are asked for. */
export interface CogroupedTable<K, KR, A> {
  readonly table: GraphReference<KR, A>
  readonly late: readonly GraphReference<K, unknown>[]
}

const AGGREGATE = 'COGROUPKSTREAM-AGGREGATE-'
const MERGE = 'COGROUPKSTREAM-MERGE-'

/** Several grouped streams that are aggregated into one table: each by its own processor, all into one store. */
export class CogroupedStreams<K, A> {
  constructor(
    readonly context: DslContext,
    readonly streams: readonly CogroupedStream<K, A>[],
    /** Where those that are repartitioned are read from; several aggregations share it. */
    private readonly repartitions: Map<GroupedSource<K, unknown>, NodeId> = new Map(),
  ) {}

  /** With another stream; one that is among them already gets the new aggregator. */
  with(source: GroupedSource<K, unknown>, aggregator: Aggregator<K, unknown, A>): CogroupedStreams<K, A> {
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

  aggregated<KR>(aggregation: CogroupAggregation<K, KR, A>): CogroupedTable<K, KR, A> {
    const { context } = this
    const { name: given, store, keySerde, valueSerde } = aggregation
    const parents = this.streams.map(({ source }) => this.parentOf(source, store))
    const lateNames: string[] = []
    const nodes = this.streams.map(({ aggregator }, i) => {
      const name = context.naming.suffixedNode(AGGREGATE, given, `-cogroup-agg-${i}`)
      if (aggregation.takesLate) lateNames.push(lateName(context, given === undefined ? undefined : `${given}-${i}`))
      return context.graph.add([parents[i]!], aggregation.node(name, aggregator, lateNames[i]))
    })
    const name = context.naming.suffixedNode(MERGE, given, '-cogroup-merge')
    const copartitioned = this.streams.map(({ source }) => source.position.node)
    const late = lateNames.map((lateName, i) => {
      const { position } = this.streams[i]!.source
      return lateRecords(nodes[i]!, lateName, { ...position, repartitionRequired: false })
    })
    const node = context.graph.add(nodes, { kind: 'cogroup-merge', name, copartitioned })
    return { table: { context, node, name, keySerde, valueSerde, repartitionRequired: false }, late }
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
