import { TopologyError } from '../../errors'
import type { ForeignKeyExtractor, ValueJoiner } from '../../operators/callbacks'
import type { ForeignKeyJoinSerdes } from '../../serdes/foreign-key/foreign-key-bytes'
import { responseSerde, subscriptionSerde } from '../../serdes/foreign-key/foreign-key-serdes'
import { toPrimaryPartition } from '../../serdes/foreign-key/subscription'
import type { Serde } from '../../serdes/serde'
import { subscriptionStore } from '../../state/subscriptions/subscription-store'
import type { StreamPartitioner } from '../../topology/definition'
import { materializedStore, resolveMaterialized } from '../options/materialized'
import type { TableJoined, TableJoinedAs } from '../options/table-joined'
import { append, type GraphReference } from '../graph-reference'

export interface ForeignKeyJoin<K, V, KO, VO, VR> {
  readonly extractor: ForeignKeyExtractor<K, V, KO>
  readonly joiner: ValueJoiner<K, V, VO | null, VR | null>
  readonly left: boolean
}

const PREFIX = 'KTABLE-FK-JOIN-'

/**
 * `join` and `leftJoin` of tables by a foreign key. Left rows subscribe to the right row that they name, in a topic that
 * is partitioned as the right table; answers come back through one that is partitioned as the left one.
 */
export function foreignKeyJoin<K, V, KO, VO, VR>(
  left: GraphReference<K, V>,
  right: GraphReference<KO, VO>,
  { extractor, joiner, left: isLeft }: ForeignKeyJoin<K, V, KO, VO, VR>,
  joined: TableJoinedAs<K, KO, VR> = {},
): { readonly position: GraphReference<K, VR>; readonly store: string | undefined } {
  const { context } = left
  const { naming, graph } = context
  const { name: given, ...options } = resolveMaterialized<K, VR>(joined)
  const { partitioner, otherPartitioner } = joined as TableJoined<K, KO, VR>
  const nameOf = (prefix: string, suffix: string): string => naming.suffixedNode(prefix, given, suffix)

  const topic = `${nameOf(`${PREFIX}SUBSCRIPTION-REGISTRATION-`, '-subscription-registration')}-topic`
  const sendName = nameOf(`${PREFIX}SUBSCRIPTION-REGISTRATION-`, '-subscription-registration-processor')
  const sinkName = nameOf('KTABLE-SINK-', '-subscription-registration-sink')
  const sourceName = nameOf('KTABLE-SOURCE-', '-subscription-registration-source')
  const storeName = nameOf(`${PREFIX}SUBSCRIPTION-STATE-STORE-`, '-subscription-store')
  const receiveName = nameOf(`${PREFIX}SUBSCRIPTION-PROCESSOR-`, '-subscription-receive')
  const joinName = nameOf(`${PREFIX}SUBSCRIPTION-PROCESSOR-`, '-subscription-join-foreign')
  const foreignName = nameOf(`${PREFIX}SUBSCRIPTION-PROCESSOR-`, '-foreign-join-subscription')
  const responseTopic = `${nameOf(`${PREFIX}SUBSCRIPTION-RESPONSE-`, '-subscription-response')}-topic`
  const responseSinkName = nameOf('KTABLE-SINK-', '-subscription-response-sink')
  const responseSourceName = nameOf('KTABLE-SOURCE-', '-subscription-response-source')
  const resolverName = nameOf(`${PREFIX}SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR-`, '-subscription-response-resolver')
  const resultName = nameOf(`${PREFIX}OUTPUT-`, '-result')
  const resultStore = options.store ?? naming.store(`${PREFIX}OUTPUT-`)

  const serdes: ForeignKeyJoinSerdes = {
    topic,
    key: left.keySerde as Serde<unknown> | undefined,
    value: left.valueSerde as Serde<unknown> | undefined,
    foreignKey: right.keySerde as Serde<unknown> | undefined,
    foreignValue: right.valueSerde as Serde<unknown> | undefined,
  }
  const registrations = { keySerde: right.keySerde, valueSerde: subscriptionSerde<K>(serdes) }
  const responses = { keySerde: left.keySerde, valueSerde: responseSerde<VO>(serdes) }
  const store = subscriptionStore(storeName, context.defaultStoreType === 'persistent', subscriptionSerde(serdes))

  const send = graph.add([left.node], {
    kind: 'subscription-send',
    name: sendName,
    extractor,
    left: isLeft,
    serdes,
  })
  const sink = graph.add([send], {
    kind: 'sink',
    name: sinkName,
    topic,
    ...registrations,
    partitioner: otherPartitioner && single(otherPartitioner, sinkName),
  })
  const source = graph.add([sink], { kind: 'internal-source', name: sourceName, topic, ...registrations })
  const receive = graph.add([source], { kind: 'subscription-receive', name: receiveName, store, serdes })
  const join = graph.add([receive], { kind: 'subscription-join', name: joinName, table: right.node })
  const foreign = graph.add([right.node], { kind: 'foreign-table-join', name: foreignName, store, serdes })
  const responseSink = graph.add([join, foreign], {
    kind: 'sink',
    name: responseSinkName,
    topic: responseTopic,
    ...responses,
    partitioner: partitioner ? single(partitioner, responseSinkName) : toPrimaryPartition,
  })
  const responseSource = graph.add([responseSink], {
    kind: 'internal-source',
    name: responseSourceName,
    topic: responseTopic,
    ...responses,
  })
  const resolver = graph.add([responseSource], {
    kind: 'response-join',
    name: resolverName,
    table: left.node,
    joiner,
    left: isLeft,
    serdes,
  })

  const keySerde = options.keySerde ?? left.keySerde
  const { valueSerde } = options
  const builder = materializedStore(context, resultStore, { ...options, keySerde })
  const position = append<K, VR>(
    { context, node: resolver },
    { kind: 'stream-to-table', name: resultName, store: { builder, requested: options.store !== undefined } },
    { name: resultName, keySerde, valueSerde },
  )
  return { position, store: options.store }
}

/** A row is in one partition, and so is what is said about it. */
const single =
  <K>(partitioner: StreamPartitioner<K, null>, operator: string): StreamPartitioner<K, unknown> =>
  (topic, key, _value, partitions) => {
    const chosen = partitioner(topic, key, null, partitions)
    if (chosen === undefined || typeof chosen === 'number') return chosen
    if (chosen.length === 1) return chosen
    throw new TopologyError(
      'INVALID_ARGUMENT',
      `the partitioner of foreign-key join sink "${operator}" chose ${chosen.length} partitions for a key, and a row is in one: ` +
        'return the partition in which the table has it',
      { operator, topic },
    )
  }
