import { TopologyError } from '../../errors'
import type { ValueJoiner } from '../../operators/callbacks'
import type { JoinKind } from '../../operators/joined-rows'
import { outerJoinStoreBuilder } from '../../state/join/outer-join-stores'
import type { StateStore, StoreBuilder } from '../../state/store'
import { validateName } from '../../topology/naming/names'
import type { LateJoinedRecords } from '../options/late-records'
import { withName } from '../options/named'
import type { StreamJoined } from '../options/stream-joined'
import { type GraphReference, lostBehind } from '../graph-reference'
import { lateName, lateRecords } from '../late-records'
import type { JoinWindows } from '../windows/join-windows'
import { type JoinInput, repartitionedForJoin } from './join-input'
import { bucketOfJoinMs, handleOf, joinStore } from './join-store'

/** The results of a join, and the records of either side that came too late, if they are asked for. */
export interface JoinedStreams<K, L, R, VR> {
  readonly records: GraphReference<K, VR>
  readonly late: GraphReference<K, L> | undefined
  readonly otherLate: GraphReference<K, R> | undefined
}

/** `join`, `leftJoin` and `outerJoin` of two streams. */
export function streamStreamJoin<K, L, R, VR>(
  leftInput: JoinInput<K, L>,
  rightInput: JoinInput<K, R>,
  joiner: ValueJoiner<K, L | null, R | null, VR>,
  { beforeMs, afterMs, graceMs }: JoinWindows,
  kind: JoinKind,
  joined?: string | (StreamJoined<K, L, R> & LateJoinedRecords<never, never>),
): JoinedStreams<K, L, R, VR> {
  const options = withName<StreamJoined<K, L, R> & LateJoinedRecords<never, never>>(joined)
  const { context } = leftInput.position
  const { naming, graph } = context
  const given = options.name
  const side = (suffix: string): string | undefined => (given === undefined ? undefined : naming.given(given + suffix))
  const left = repartitionedForJoin(leftInput, side('-left'), { keySerde: options.key, valueSerde: options.value })
  const right = repartitionedForJoin(rightInput, side('-right'), {
    keySerde: options.key,
    valueSerde: options.otherValue,
  })
  const names = namesOf(kind, given, options, naming)
  const keySerde = options.key ?? left.keySerde
  const leftSerde = options.value ?? left.valueSerde
  const rightSerde = options.otherValue ?? right.valueSerde

  const windowMs = beforeMs + afterMs
  const thisHandle = handleOf(options.thisStore)
  const defaultType = options.storeType ?? context.defaultStoreType
  const logging = options.logging ?? true
  const stores = { context, key: keySerde, windowMs, graceMs, persistent: defaultType === 'persistent', logging }
  const leftStore = joinStore(stores, names.leftStore, leftSerde, thisHandle, names.merge)
  const rightStore = joinStore(stores, names.rightStore, rightSerde, handleOf(options.otherStore), names.merge)
  const outerJoinStore =
    names.outerJoinStore === null
      ? null
      : outerJoinStoreBuilder({
          name: names.outerJoinStore,
          key: keySerde,
          left: leftSerde,
          right: rightSerde,
          bucketMs: bucketOfJoinMs(windowMs),
          persistent: options.storeType === undefined && thisHandle ? thisHandle.persistent : stores.persistent,
          logging,
        })

  const lateOf = (side: string): string => lateName(context, given === undefined ? undefined : given + side)
  const leftLate = options.late && lateOf('-this')
  const rightLate = options.otherLate && lateOf('-other')
  const windowNode = (
    parent: GraphReference<K, unknown>,
    name: string,
    store: StoreBuilder<StateStore>,
    late: string | undefined,
  ) => graph.add([parent.node], { kind: 'join-window', name, store, late })
  const leftWindow = windowNode(left, names.leftWindow, leftStore, leftLate)
  const rightWindow = windowNode(right, names.rightWindow, rightStore, rightLate)
  const node = graph.add([left.node, right.node], {
    kind: 'stream-stream-join',
    name: names.merge,
    join: kind,
    joiner,
    window: { beforeMs, afterMs, graceMs },
    left: { name: names.left, window: leftWindow, store: leftStore },
    right: { name: names.right, window: rightWindow, store: rightStore },
    outerJoinStore,
  })
  const lostFormat = lostBehind({ ...left, valueSerde: leftSerde }, names.merge)
  return {
    records: { context, node, name: names.merge, keySerde, lostFormat, repartitionRequired: false },
    late: leftLate === undefined ? undefined : lateRecords(leftWindow, leftLate, left, leftInput.position),
    otherLate: rightLate === undefined ? undefined : lateRecords(rightWindow, rightLate, right, rightInput.position),
  }
}

function namesOf<K, L, R>(
  kind: JoinKind,
  given: string | undefined,
  { store, thisStore: left, otherStore: right }: StreamJoined<K, L, R>,
  naming: GraphReference<K, L>['context']['naming'],
) {
  const [thisStore, otherStore] = [left, right].map((store) => (typeof store === 'object' ? store.name : store))
  const outerThis = kind === 'outer'
  const outerOther = kind !== 'inner'
  const leftSuffix = outerThis ? '-outer-this-join' : '-this-join'
  const rightSuffix = outerOther ? '-outer-other-join' : '-other-join'
  const leftWindow = naming.suffixedNode('KSTREAM-WINDOWED-', given, '-this-windowed')
  const rightWindow = naming.suffixedNode('KSTREAM-WINDOWED-', given, '-other-windowed')
  const generatedLeft = naming.node(outerThis ? 'KSTREAM-OUTERTHIS-' : 'KSTREAM-JOINTHIS-')
  const generatedRight = naming.node(outerOther ? 'KSTREAM-OUTEROTHER-' : 'KSTREAM-JOINOTHER-')
  const merge = naming.suffixedNode('KSTREAM-MERGE-', given, '-merge')
  const valid = (name: string): string => validateName(name, 'the store name')
  const stored = (base: string): string => valid(`${base}-store`)
  const leftStore =
    thisStore === undefined ? stored(store === undefined ? generatedLeft : store + leftSuffix) : valid(thisStore)
  const rightStore =
    otherStore === undefined ? stored(store === undefined ? generatedRight : store + rightSuffix) : valid(otherStore)
  if (leftStore === rightStore) {
    throw new TopologyError(
      'DUPLICATE_NAME',
      `both sides of a join have the store "${leftStore}": give each its own name`,
      {
        operator: merge,
        store: leftStore,
      },
    )
  }
  const base = thisStore ?? store
  const outerJoinBase =
    base === undefined
      ? `KSTREAM-OUTERSHARED-${generatedLeft.slice(generatedLeft.lastIndexOf('-') + 1)}`
      : base + (outerThis ? '-outer-shared-join' : '-left-shared-join')
  const outerJoinStore = kind === 'inner' ? null : stored(outerJoinBase)
  if (store === undefined) {
    naming.unnamed.stores.add(leftStore).add(rightStore)
    if (outerJoinStore !== null) naming.unnamed.stores.add(outerJoinStore)
  }
  return {
    leftWindow,
    rightWindow,
    left: given === undefined ? generatedLeft : naming.given(given + leftSuffix),
    right: given === undefined ? generatedRight : naming.given(given + rightSuffix),
    merge,
    leftStore,
    rightStore,
    outerJoinStore,
  }
}
