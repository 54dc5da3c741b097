import type { TopologyDescription } from '../../topology/description'
import {
  isGenerated,
  type RepartitionShape,
  shapeOf,
  type StoreShape,
  type TopologyShape,
  withoutNumber,
} from './shape'

export type FindingKind =
  | 'store-lost'
  | 'store-renamed'
  | 'store-number-moved'
  | 'store-taken-over'
  | 'repartition-lost'
  | 'repartition-number-moved'
  | 'store-added'
  | 'store-moved'
  | 'partitions-may-differ'
  | 'repartition-added'
  | 'input-added'
  | 'input-removed'
  | 'output-added'
  | 'output-removed'

/** One difference that matters. */
export interface Finding {
  readonly kind: FindingKind
  /** Whether state, or records under way, are lost or mixed up. */
  readonly losesState: boolean
  /** The store or topic; of a renamed one the old name. */
  readonly name: string
  /** The new name of a renamed one. */
  readonly to?: string
  /** What it means, and what to do. */
  readonly text: string
}

/** What a change of a topology means for an application that runs. */
export interface UpgradePlan {
  /** Rolling: the topologies are the same, so that instances of both can share tasks. */
  readonly rollOut: 'rolling' | 'stop-all'
  readonly losesState: boolean
  readonly findings: readonly Finding[]
  /** Stores that keep their state. */
  readonly kept: readonly string[]
  /**
   * What carries state and records over: names of stores and repartition topics in the new topology, with the ones that they have to be given there,
   * which are those of the old one.
   */
  readonly renames: Readonly<Record<string, string>>
  /** Of the new topology: stores and repartition topics whose names move when operators are added above them. */
  readonly generatedNames: readonly string[]
}

export const compareTopologies = (before: TopologyDescription, after: TopologyDescription): UpgradePlan => {
  const [old, next] = [shapeOf(before), shapeOf(after)]
  const stores = compareStores(old, next)
  const findings = [...stores, ...compareRepartitions(old, next), ...compareTopics(old, next)]
  const affected = new Set(findings.filter(({ losesState }) => losesState).map(({ name }) => name))
  return {
    rollOut: canonical(before) === canonical(after) ? 'rolling' : 'stop-all',
    losesState: findings.some(({ losesState }) => losesState),
    findings,
    renames: renamesOf(findings, old),
    kept: [...next.stores.keys()].filter((name) => old.stores.has(name) && !affected.has(name)).sort(),
    generatedNames: [...next.stores.keys(), ...next.repartitions.keys()].filter(isGenerated).sort(),
  }
}

const REPARTITION = /-repartition$/

const renamesOf = (findings: readonly Finding[], old: TopologyShape): Readonly<Record<string, string>> => {
  const renames: Record<string, string> = {}
  for (const { kind, name, to } of findings) {
    if (to === undefined) continue
    if (kind !== 'repartition-number-moved') renames[to] = name
    // a repartition topic that is named after its store moves with it
    else if (REPARTITION.test(name) && REPARTITION.test(to) && !old.stores.has(name.replace(REPARTITION, '')))
      renames[to.replace(REPARTITION, '')] = name.replace(REPARTITION, '')
  }
  return renames
}

const compareStores = (old: TopologyShape, next: TopologyShape): Finding[] => {
  const findings: Finding[] = []
  const gone = [...old.stores.values()].filter(({ name }) => !next.stores.has(name) && !next.globalStores.has(name))
  const added = new Map([...next.stores].filter(([name]) => !old.stores.has(name)))
  const take = (found: StoreShape | undefined): StoreShape | undefined => {
    if (found !== undefined) added.delete(found.name)
    return found
  }
  for (const store of gone) {
    const { name } = store
    const moved = isGenerated(name) ? take([...added.values()].find((other) => isMoved(store, other))) : undefined
    if (moved !== undefined) {
      findings.push({
        kind: 'store-number-moved',
        losesState: true,
        name,
        to: moved.name,
        text: `has a generated name whose number moved: ${moved.name} starts empty, and the changelog of ${name} is no longer read. To keep the state, give it that name: ${advice(name, name)}`,
      })
      continue
    }
    const renamed = take([...added.values()].find((other) => isAlike(store, other)))
    findings.push(
      renamed === undefined
        ? {
            kind: 'store-lost',
            losesState: true,
            name,
            text: 'is not in the new topology: its state is lost, and its changelog topic stays until you delete it',
          }
        : {
            kind: 'store-renamed',
            losesState: true,
            name,
            to: renamed.name,
            text: `seems to be renamed to ${renamed.name}, which starts empty, and is filled by new records only. To keep the state, keep the name: name the store '${name}'`,
          },
    )
  }
  for (const { name } of added.values()) {
    findings.push({
      kind: 'store-added',
      losesState: false,
      name,
      text: 'is new: it starts empty, and is filled by new records only',
    })
  }
  for (const [name, store] of next.stores) {
    const before = old.stores.get(name)
    if (before !== undefined) findings.push(...compareStore(before, store, next))
  }
  return findings
}

const compareStore = (before: StoreShape, store: StoreShape, next: TopologyShape): Finding[] => {
  const { name } = store
  if (isGenerated(name) && !isAlike(before, store)) {
    const heir = [...next.stores.values()].find((other) => isMoved(before, other))
    const text =
      `now belongs to another operator (${described(before)} before, ${described(store)} now), which would read the other's state. ` +
      (heir === undefined
        ? `Name that store: ${advice(name)}`
        : `To keep the state, give ${heir.name} that name: ${advice(name, name)}; and name the store of the other operator`)
    const found = { kind: 'store-taken-over', losesState: true, name, text } as const
    return [heir === undefined ? found : { ...found, to: heir.name }]
  }
  const findings: Finding[] = []
  if (before.subtopology !== store.subtopology) {
    const text = `moves from sub-topology ${before.subtopology} to ${store.subtopology}: it is restored from its changelog, as its local folder has another name`
    findings.push({ kind: 'store-moved', losesState: false, name, text })
  }
  if (before.sources.join() !== store.sources.join()) {
    const text =
      `shares its tasks with other topics than before (${before.sources.join(', ')} before, ${store.sources.join(', ')} now): ` +
      'if the largest of them has another number of partitions, the start fails with INTERNAL_TOPIC_MISMATCH'
    findings.push({ kind: 'partitions-may-differ', losesState: false, name, text })
  }
  return findings
}

/** The same operator with another number. */
const isMoved = (store: StoreShape, other: StoreShape): boolean =>
  isGenerated(other.name) && withoutNumber(other.name) === withoutNumber(store.name) && isAlike(store, other)

/** Used by the same kinds of operators, on the same topics. */
const isAlike = (a: StoreShape, b: StoreShape): boolean =>
  a.users.join() === b.users.join() && a.origins.join() === b.origins.join()

const described = ({ users, origins }: StoreShape): string => `${users.join(', ')} on ${origins.join(', ')}`

const advice = (name: string, give = '…'): string =>
  /JOIN/.test(name) ? `{ store: '${give}' } of the join` : `count('${give}'), { store: '${give}' }`

/** Of a repartition topic whose operator can give it its old name. */
const keepingName = (topic: string): string =>
  REPARTITION.test(topic)
    ? `. Or keep its name: { name: '${topic.replace(REPARTITION, '')}' } of groupBy, repartition or the join`
    : ''

const compareRepartitions = (old: TopologyShape, next: TopologyShape): Finding[] => {
  const findings: Finding[] = []
  const added = new Map([...next.repartitions].filter(([name]) => !old.repartitions.has(name)))
  for (const topic of old.repartitions.values()) {
    const { name } = topic
    if (next.repartitions.has(name)) continue
    const moved = [...added.values()].find((other) => isSameTopic(topic, other))
    if (moved !== undefined) added.delete(moved.name)
    const lost =
      'records in it that are not processed yet are lost. Let the old version process them first: stop the inputs, and wait until its lag is 0'
    findings.push(
      moved === undefined
        ? { kind: 'repartition-lost', losesState: true, name, text: `is no longer read: ${lost}` }
        : {
            kind: 'repartition-number-moved',
            losesState: true,
            name,
            to: moved.name,
            text: `is now ${moved.name}: ${lost}${keepingName(name)}`,
          },
    )
  }
  for (const { name } of added.values()) {
    findings.push({
      kind: 'repartition-added',
      losesState: false,
      name,
      text: 'is a new repartition topic, which is created at the start',
    })
  }
  return findings
}

const isSameTopic = (a: RepartitionShape, b: RepartitionShape): boolean =>
  a.origins.join() === b.origins.join() &&
  (withoutNumber(a.name) === withoutNumber(b.name) || isGenerated(a.name) !== isGenerated(b.name))

const compareTopics = (old: TopologyShape, next: TopologyShape): Finding[] => {
  const only = (names: ReadonlySet<string>, others: ReadonlySet<string>): string[] =>
    [...names].filter((name) => !others.has(name)).sort()
  const finding =
    (kind: FindingKind, text: string) =>
    (name: string): Finding => ({ kind, losesState: false, name, text })
  return [
    ...only(next.inputs, old.inputs).map(
      finding('input-added', 'is a new input: it is read from where autoOffsetReset says'),
    ),
    ...only(old.inputs, next.inputs).map(finding('input-removed', 'is no longer read; its committed offsets stay')),
    ...only(next.outputs, old.outputs).map(finding('output-added', 'is a new output: it has to exist')),
    ...only(old.outputs, next.outputs).map(finding('output-removed', 'is no longer written')),
  ]
}

/** The same text for the same nodes, whatever their order. */
const canonical = ({ subtopologies, globalStores }: TopologyDescription): string =>
  JSON.stringify([
    subtopologies.map(({ id, nodes }) => [id, nodes.map(sortedNode).sort()]),
    globalStores.map(({ source, processor }) => [sortedNode(source), sortedNode(processor)]).sort(),
  ])

const sortedNode = (node: object): string =>
  JSON.stringify(
    Object.entries(node)
      .map(([key, value]) => [key, Array.isArray(value) ? [...(value as string[])].sort() : (value as unknown)])
      .sort(),
  )
