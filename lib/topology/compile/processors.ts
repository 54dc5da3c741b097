import { AsyncOperator } from '../../operators/async/async-operator'
import type { AsyncSettings } from '../../operators/async/async-settings'
import { BatchOperator } from '../../operators/batch/batch-operator'
import { BranchOperator } from '../../operators/branch'
import { DeduplicateOperator } from '../../operators/deduplicate'
import { FilterOperator } from '../../operators/filter'
import { FixedKeyOperator } from '../../operators/fixed-key'
import { FlatMapOperator } from '../../operators/flat-map'
import { ExpiringTableOperator } from '../../operators/expiring-table'
import { FlatMapValuesOperator } from '../../operators/flat-map-values'
import { ForeachOperator } from '../../operators/foreach'
import { ForeignTableJoinOperator } from '../../operators/foreign-key/foreign-table-join'
import { SubscriptionReceiveOperator } from '../../operators/foreign-key/subscription-receive'
import { SubscriptionSendOperator } from '../../operators/foreign-key/subscription-send'
import { JoinWindowOperator } from '../../operators/join-window'
import { MapOperator } from '../../operators/map'
import { MapValuesOperator } from '../../operators/map-values'
import type { Operator } from '../../operators/operator'
import { PassThroughOperator } from '../../operators/pass-through'
import { PeekOperator } from '../../operators/peek'
import type { ProcessorSupplier } from '../../operators/processor'
import { SampleEveryOperator, SampleFractionOperator } from '../../operators/sample'
import { SelectKeyOperator } from '../../operators/select-key'
import { StreamGlobalJoinOperator } from '../../operators/stream-global-join'
import { TableFilterOperator } from '../../operators/table-filter'
import { TableMapValuesOperator } from '../../operators/table-map-values'
import { TableRepartitionMapOperator } from '../../operators/table-repartition-map'
import { TableSourceOperator } from '../../operators/table-source'
import { TableSuppressOperator } from '../../operators/table-suppress'
import { TableToStreamOperator } from '../../operators/table-to-stream'
import { TableTransformValuesOperator } from '../../operators/table-transform-values'
import { ThrottleOperator } from '../../operators/throttle'
import type { StateStore, StoreBuilder } from '../../state/store'
import type { StreamStreamJoinNode, TableJoinNode } from '../graph/join-nodes'
import type { GraphNode, LookupNode } from '../graph/nodes'
import type {
  BranchNode,
  BranchTargetNode,
  GlobalStoreNode,
  InternalSourceNode,
  RepartitionNode,
  SinkNode,
  StreamSourceNode,
} from '../graph/stream-nodes'
import type { TableExpiry, TableSourceNode } from '../graph/table-nodes'
import type { StoreReference } from '../store-reference'
import { sessionAggregation, streamAggregation, tableAggregation } from './aggregations'
import type { Compilation } from './compilation'
import type { TablePlan } from './table-plans'

/* eslint-disable @typescript-eslint/no-explicit-any -- nodes of a graph are heterogeneous; the DSL's signatures have checked their types */

/** Nodes that become more than one processor, or none. */
type OtherNode =
  | StreamSourceNode
  | InternalSourceNode
  | SinkNode
  | RepartitionNode
  | GlobalStoreNode
  | TableSourceNode
  | LookupNode
  | StreamStreamJoinNode
  | TableJoinNode

export interface CompiledProcessor {
  readonly supplier: ProcessorSupplier<any, any, any, any>
  readonly stores?: readonly StoreReference[]
  /** It gets only what its parent forwards to it by name. */
  readonly sideOutput?: boolean
  readonly deadLetterTopic?: string
}

/** The operator of a node that is one processor, and the stores that it uses. */
export function processorOf(node: Exclude<GraphNode, OtherNode>, compilation: Compilation): CompiledProcessor {
  const plan = compilation.plans.get(node.id)!
  switch (node.kind) {
    case 'filter':
      return { supplier: () => new FilterOperator(node.predicate, node.not) }
    case 'map':
      return { supplier: () => new MapOperator(node.mapper) }
    case 'map-values':
      return { supplier: () => new MapValuesOperator(node.mapper) }
    case 'flat-map':
      return { supplier: () => new FlatMapOperator(node.mapper) }
    case 'flat-map-values':
      return { supplier: () => new FlatMapValuesOperator(node.mapper) }
    case 'select-key':
      return { supplier: () => new SelectKeyOperator(node.selector) }
    case 'peek':
      return { supplier: () => new PeekOperator(node.action) }
    case 'foreach':
      return { supplier: () => new ForeachOperator(node.action) }
    case 'async': {
      const { callback, result, settings, store } = node
      return {
        supplier: () => new AsyncOperator({ callback, result, settings, store: store.name }),
        stores: [store],
        deadLetterTopic: deadLetterTopicOf(settings),
      }
    }
    case 'batch': {
      const { operation, store } = node
      return {
        supplier: () => new BatchOperator({ ...operation, store: store.name }),
        stores: [store],
        deadLetterTopic: deadLetterTopicOf(operation.settings),
      }
    }
    case 'merge':
    case 'branch-target':
    case 'cogroup-merge':
      return { supplier: () => new PassThroughOperator() }
    case 'branch':
      return { supplier: branchSupplier(node, compilation) }
    case 'process': {
      const { name, supplier, keepsKey, stores } = node
      return {
        supplier: keepsKey ? () => new FixedKeyOperator(supplier(), name) : supplier,
        stores: usedStores(stores, compilation),
      }
    }
    case 'stream-aggregate':
      return expiring(node.expiry, node.store.name, plan, {
        supplier: () => streamAggregation(node, plan),
        stores: [node.store],
      })
    case 'session-aggregate':
      return { supplier: () => sessionAggregation(node, plan), stores: [node.store] }
    case 'stream-global-join': {
      const { globalStore, selector, joiner, left } = node
      return { supplier: () => new StreamGlobalJoinOperator(globalStore, selector, joiner, left) }
    }
    case 'join-window':
      return { supplier: () => new JoinWindowOperator(node.store.name, node.late), stores: [node.store] }

    case 'deduplicate': {
      const { by, withinMs, store, late } = node
      return { supplier: () => new DeduplicateOperator({ store: store.name, by, withinMs, late }), stores: [store] }
    }
    case 'throttle': {
      const { limit, perMs, store, late } = node
      return { supplier: () => new ThrottleOperator({ store: store.name, limit, perMs, late }), stores: [store] }
    }
    case 'sample-every':
      return { supplier: () => new SampleEveryOperator(node.store.name, node.every), stores: [node.store] }
    case 'sample-fraction':
      return { supplier: () => new SampleFractionOperator(node.fraction, node.by, node.keySerde) }
    case 'late-records':
      return { supplier: () => new PassThroughOperator(), sideOutput: true }

    case 'stream-to-table': {
      const store = plan.stored ? node.store.builder : null
      const table = { supplier: () => new TableSourceOperator(store?.name ?? null, plan), stores: listOf(store) }
      return expiring(node.expiry, node.store.builder.name, plan, table)
    }
    case 'table-filter': {
      const { predicate, not, store } = node
      const supplier = () => new TableFilterOperator(predicate, not, store?.name ?? null, plan)
      return { supplier, stores: listOf(store) }
    }
    case 'table-map-values': {
      const { mapper, store } = node
      return { supplier: () => new TableMapValuesOperator(mapper, store?.name ?? null, plan), stores: listOf(store) }
    }
    case 'table-transform-values': {
      const { supplier: transformer, store, stores } = node
      return {
        supplier: () => new TableTransformValuesOperator(transformer, store?.name ?? null, plan),
        stores: [...listOf(store), ...usedStores(stores, compilation)],
      }
    }
    case 'suppress': {
      const { name: operator, buffer, limits } = node
      return {
        supplier: () => new TableSuppressOperator({ operator, buffer: buffer.name, ...limits }),
        stores: [buffer],
      }
    }
    case 'table-to-stream':
      return { supplier: () => new TableToStreamOperator() }
    case 'table-group-by':
      return { supplier: () => new TableRepartitionMapOperator(node.selector) }
    case 'table-aggregate':
      return {
        supplier: () => tableAggregation(node, plan),
        stores: node.aggregation.kind === 'top-n' ? [node.store, node.aggregation.ranking] : [node.store],
      }

    case 'subscription-send': {
      const { extractor, left, serdes } = node
      return { supplier: () => new SubscriptionSendOperator(extractor, left, serdes) }
    }
    case 'subscription-receive': {
      const { store, serdes } = node
      return { supplier: () => new SubscriptionReceiveOperator(store.name, serdes), stores: [store] }
    }
    case 'foreign-table-join': {
      const { store, serdes } = node
      return { supplier: () => new ForeignTableJoinOperator(store.name, serdes), stores: [store] }
    }
  }
}

function branchSupplier(node: BranchNode, { graph }: Compilation): () => BranchOperator<unknown, unknown> {
  const targets = graph.nodes.filter(
    (child): child is BranchTargetNode => child.kind === 'branch-target' && child.parents.includes(node.id),
  )
  const conditional = targets.filter(({ predicate }) => predicate !== null)
  const predicates = conditional.map(({ predicate }) => predicate!)
  const children = conditional.map(({ name }) => name)
  const fallback = targets.find(({ predicate }) => predicate === null)?.name ?? null
  return () => new BranchOperator(predicates, children, fallback)
}

function deadLetterTopicOf({ onError }: Pick<AsyncSettings, 'onError'>): string | undefined {
  return typeof onError === 'object' ? onError.deadLetter : undefined
}

/** The stores that a user's processor names: by the handle of a table, the table's own. */
function usedStores(stores: readonly StoreReference[], { graph }: Compilation): StoreReference[] {
  return stores.map((store) => (typeof store === 'string' ? store : (graph.storesByHandle.get(store) ?? store)))
}

function listOf(store: StoreBuilder<StateStore> | null): StoreBuilder<StateStore>[] {
  return store === null ? [] : [store]
}

/** The operator of a table, with rows that expire if they are to. */
export function expiring(
  expiry: TableExpiry | undefined,
  store: string,
  { sendOldValues }: TablePlan,
  table: CompiledProcessor,
): CompiledProcessor {
  if (expiry === undefined) return table
  const { afterMs, onAccess, silent, keySerde, index } = expiry
  const options = { store, index: index.name, afterMs, onAccess, silent, keySerde, sendOldValues }
  return {
    supplier: () => new ExpiringTableOperator(table.supplier() as Operator<any, any, any, any>, options),
    stores: [...(table.stores ?? []), index],
  }
}
