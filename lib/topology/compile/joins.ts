import { ResponseJoinOperator } from '../../operators/foreign-key/response-join'
import { SubscriptionJoinOperator } from '../../operators/foreign-key/subscription-join'
import { JoinClocks } from '../../operators/join-clock'
import { PassThroughOperator } from '../../operators/pass-through'
import type { Processor } from '../../operators/processor'
import { StreamSelfJoinOperator } from '../../operators/stream-self-join'
import { StreamStreamJoinOperator } from '../../operators/stream-stream-join'
import { StreamTableGraceJoinOperator } from '../../operators/stream-table-grace-join'
import { StreamTableJoinOperator } from '../../operators/stream-table-join'
import { TableJoinOperator } from '../../operators/table-join'
import { TableJoinMergeOperator } from '../../operators/table-join-merge'
import type { ValueGetterSupplier } from '../../operators/value-getter'
import type { StreamStreamJoinNode, TableJoinNode } from '../graph/join-nodes'
import type { LookupNode } from '../graph/nodes'
import { type Compilation, parentNames } from './compilation'
import { requireHistory, sourcesOf } from './join-requirements'

/** A stream that looks rows up in a table; its source topics and the table's need equal partition counts. */
export function compileStreamTableJoin(node: LookupNode, compilation: Compilation): void {
  const { graph, builder, rowsOf } = compilation
  const { name, table } = node
  const rows = rowsOf(table)
  const waiting = node.kind === 'stream-table-join' ? node.waiting : null
  if (waiting) requireHistory(name, rows.stores, waiting.graceMs)
  const stores = waiting ? [waiting.buffer, ...rows.stores] : rows.stores
  const supplier = () => lookupOperator(node, rows)
  builder.addProcessor({ name, parents: parentNames(node, compilation), supplier }, stores)
  builder.copartition(name, sourcesOf(graph, [...node.parents, table]))
}

function lookupOperator(
  node: LookupNode,
  rows: ValueGetterSupplier<never, unknown>,
): Processor<never, never, unknown, unknown> {
  switch (node.kind) {
    case 'stream-table-join': {
      const { joiner, left, waiting } = node
      return waiting === null
        ? new StreamTableJoinOperator(rows, joiner, left)
        : new StreamTableGraceJoinOperator(rows, joiner, left, waiting.buffer.name, waiting.graceMs)
    }
    case 'subscription-join':
      return new SubscriptionJoinOperator(rows)
    case 'response-join':
      return new ResponseJoinOperator(node.joiner, node.left, rows, node.serdes)
  }
}

export function compileStreamStreamJoin(node: StreamStreamJoinNode, compilation: Compilation): void {
  const { name, join, joiner, window, left, right, outerJoinStore } = node
  const { graph, builder, names } = compilation
  const leftParents = [names.get(left.window)!]
  if (node.selfJoined) {
    const supplier = () => new StreamSelfJoinOperator(left.store.name, window, joiner)
    builder.addProcessor({ name, parents: leftParents, supplier }, [left.store])
  } else {
    const clocks = new JoinClocks()
    const operator = (isLeft: boolean) => () =>
      new StreamStreamJoinOperator({
        isLeft,
        preserved: isLeft ? join !== 'inner' : join === 'outer',
        window,
        otherStore: (isLeft ? right : left).store.name,
        outerJoinStore: outerJoinStore?.name ?? null,
        joiner,
        clocks,
      })
    const shared = outerJoinStore ? [outerJoinStore] : []
    const rightParents = [names.get(right.window)!]
    builder.addProcessor({ name: left.name, parents: leftParents, supplier: operator(true) }, [right.store, ...shared])
    builder.addProcessor({ name: right.name, parents: rightParents, supplier: operator(false) }, [
      left.store,
      ...shared,
    ])
    builder.addProcessor({ name, parents: [left.name, right.name], supplier: () => new PassThroughOperator() })
  }
  builder.copartition(name, sourcesOf(graph, node.parents))
}

export function compileTableJoin(node: TableJoinNode, { graph, plans, builder, names, rowsOf }: Compilation): void {
  const { name, leftName, rightName, join, store } = node
  const plan = plans.get(node.id)!
  const [left, right] = [rowsOf(node.left), rowsOf(node.right)]
  const leftSupplier = () => new TableJoinOperator(join, 'left', right, plan)
  const rightSupplier = () => new TableJoinOperator(join, 'right', left, plan)
  const supplier = () => new TableJoinMergeOperator(store?.name ?? null, plan)
  builder.addProcessor({ name: leftName, parents: [names.get(node.left)!], supplier: leftSupplier }, right.stores)
  builder.addProcessor({ name: rightName, parents: [names.get(node.right)!], supplier: rightSupplier }, left.stores)
  builder.addProcessor({ name, parents: [leftName, rightName], supplier }, store ? [store] : [])
  builder.copartition(name, sourcesOf(graph, [node.left, node.right]))
}
