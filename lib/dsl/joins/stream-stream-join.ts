import { TopologyError } from '../../errors'
import type { ValueJoiner } from '../../operators/callbacks'
import { JoinClocks } from '../../operators/join-clock'
import { JoinWindowOperator } from '../../operators/join-window'
import { StreamSelfJoinOperator } from '../../operators/stream-self-join'
import { type JoinWindow, StreamStreamJoinOperator } from '../../operators/stream-stream-join'
import { outerJoinStoreBuilder } from '../../state/join/outer-join-stores'
import { plainFormat } from '../../state/key-value/value-format'
import type { StateStore, StoreBuilder } from '../../state/store'
import { windowStoreBuilder } from '../../state/window/window-stores'
import type { Serde } from '../../serdes/serde'
import { validateName } from '../../topology/names'
import { withName } from '../options/named'
import type { StreamJoined } from '../options/stream-joined'
import { type GraphReference, lostBehind } from '../graph-reference'
import type { JoinWindows } from '../windows/join-windows'
import { type JoinInput, repartitionedForJoin } from './join-input'

/** Of which sides records without a partner have a result. */
export type StreamJoinKind = 'inner' | 'left' | 'outer'

/** Records of one key in a window are spread over so many parts of the store: each is read, and written, at once. */
const PARTS_OF_WINDOW = 4

/** `join`, `leftJoin` and `outerJoin` of two streams. */
export function streamStreamJoin<K, L, R, VR>(
  leftInput: JoinInput<K, L>,
  rightInput: JoinInput<K, R>,
  joiner: ValueJoiner<K, L | null, R | null, VR>,
  { beforeMs, afterMs, graceMs }: JoinWindows,
  kind: StreamJoinKind,
  joined?: string | StreamJoined<K, L, R>,
): GraphReference<K, VR> {
  const options = withName<StreamJoined<K, L, R>>(joined)
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

  const window: JoinWindow = { beforeMs, afterMs, graceMs }
  const windowMs = beforeMs + afterMs
  const persistent = (options.storeType ?? context.defaultStoreType) === 'persistent'
  const logging = options.logging ?? true
  const windowStore = <V>(name: string, value?: Serde<V>): StoreBuilder<StateStore> =>
    windowStoreBuilder<K, V, V>({
      name,
      format: plainFormat<V>(),
      key: keySerde,
      value,
      retentionMs: windowMs + graceMs,
      windowSizeMs: windowMs,
      bucketMs: Math.ceil(windowMs / PARTS_OF_WINDOW),
      persistent,
      logging,
      retainDuplicates: true,
      changelogCleanup: 'delete',
    })
  const leftStore = windowStore(names.leftStore, leftSerde)
  const rightStore = windowStore(names.rightStore, rightSerde)
  const outerJoin =
    kind === 'inner'
      ? null
      : outerJoinStoreBuilder({
          name: names.outerJoinStore,
          key: keySerde,
          left: leftSerde,
          right: rightSerde,
          persistent,
          logging,
        })

  const windowNode = (parent: GraphReference<K, unknown>, name: string, store: StoreBuilder<StateStore>) =>
    graph.add([parent.node], {
      kind: 'processor',
      name,
      supplier: () => new JoinWindowOperator(store.name),
      stores: [store],
    })
  const leftWindow = windowNode(left, names.leftWindow, leftStore)
  const rightWindow = windowNode(right, names.rightWindow, rightStore)
  const clocks = new JoinClocks()
  const operator = (isLeft: boolean) => () =>
    new StreamStreamJoinOperator({
      isLeft,
      preserved: isLeft ? kind !== 'inner' : kind === 'outer',
      window,
      otherStore: (isLeft ? rightStore : leftStore).name,
      outerJoinStore: outerJoin?.name ?? null,
      joiner,
      clocks,
    })
  const shared = outerJoin ? [outerJoin] : []
  const node = graph.add([left.node, right.node], {
    kind: 'stream-stream-join',
    name: names.merge,
    left: { window: leftWindow, name: names.left, supplier: operator(true), stores: [rightStore, ...shared] },
    right: { window: rightWindow, name: names.right, supplier: operator(false), stores: [leftStore, ...shared] },
    selfJoin: {
      supplier: () =>
        new StreamSelfJoinOperator(leftStore.name, window, joiner as ValueJoiner<K, unknown, unknown, VR>),
      stores: [leftStore],
    },
    joinsNullKeys: kind !== 'inner',
  })
  const lostFormat = lostBehind({ ...left, valueSerde: leftSerde }, names.merge)
  return { context, node, name: names.merge, keySerde, lostFormat, repartitionRequired: false }
}

function namesOf<K, L, R>(
  kind: StreamJoinKind,
  given: string | undefined,
  { store, thisStore, otherStore }: StreamJoined<K, L, R>,
  naming: GraphReference<K, L>['context']['naming'],
) {
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
  if (store === undefined) {
    naming.unnamed.stores.add(leftStore).add(rightStore)
  }
  const base = thisStore ?? store
  const unjoinedBase =
    base === undefined
      ? `KSTREAM-OUTERSHARED-${generatedLeft.slice(generatedLeft.lastIndexOf('-') + 1)}`
      : base + (outerThis ? '-outer-shared-join' : '-left-shared-join')
  return {
    leftWindow,
    rightWindow,
    left: given === undefined ? generatedLeft : naming.given(given + leftSuffix),
    right: given === undefined ? generatedRight : naming.given(given + rightSuffix),
    merge,
    leftStore,
    rightStore,
    outerJoinStore: stored(unjoinedBase),
  }
}
