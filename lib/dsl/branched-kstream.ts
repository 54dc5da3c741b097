import { callback, either, NAME, optional, options as optionsOf } from '../arguments'
import { requireArgument, requireFunction } from '../topology-arguments'
import { TopologyError } from '../errors'
import type { Predicate, TypeGuard, Without } from '../operators/callbacks'
import { KStream } from './kstream'
import { requiringValue } from '../topology/tombstones'
import { append, type GraphReference } from './graph-reference'

/** Options of a branch. */
export interface Branched<K, V, Name extends string, Result> {
  /** The suffix of the branch's name, which starts with that of the split. Default: its number, counted from 1; `0` for the default branch. */
  name?: Name
  /**
   * Gets the branch's stream. What it returns replaces the branch in the result; a branch for which it returns
   * nothing is not in the result.
   */
  with?: (stream: KStream<K, V>) => Result
}

const BRANCHED = optional(
  either(
    NAME,
    optionsOf<Branched<unknown, unknown, string, unknown>>({
      name: NAME,
      with: callback("a function that gets the branch's stream"),
    }),
  ),
)

/** The streams of a split by their names: the name of the split, then the name of the branch. */
export type Branches<Prefix extends string, Name extends string, Result> = [Result] extends [object]
  ? { readonly [Branch in `${Prefix}${Name}`]: Result }
  : unknown

/** The name of an unnamed branch: its number, counted from 1. */
export type BranchNumber<Before extends readonly unknown[]> = `${[...Before, unknown]['length'] & number}`

/**
 * A split under construction: `branch` adds branches, and `defaultBranch` or `noDefaultBranch` completes it and returns
 * all streams by name.
 */
export class BranchedKStream<K, V, Prefix extends string, Result = unknown, Before extends readonly unknown[] = []> {
  private readonly splitter: GraphReference<K, V>
  private readonly streams: Record<string, unknown> = {}
  private branches = 0

  /** @internal */
  constructor(source: GraphReference<K, V>, given: string | undefined) {
    const name = source.context.naming.node('KSTREAM-BRANCH-', given)
    const { keySerde, valueSerde, repartitionRequired, typedWithoutNull } = source
    const behind = { name, keySerde, valueSerde, repartitionRequired, typedWithoutNull }
    this.splitter = append(source, { kind: 'branch', name }, behind)
  }

  /**
   * Takes the records that match the predicate and no earlier branch. A type guard
   * narrows the type of the branch's values, and of the values that remain for later branches.
   *
   * @example
   * const { 'size-large': large, 'size-small': small } = orders
   *   .split('size-')
   *   .branch((order) => order.amount > 1000, 'large')
   *   .branch((order) => order.amount < 10, { name: 'small', with: (stream) => stream.mapValues((order) => order.id) })
   *   .noDefaultBranch()
   */
  branch<S extends V, const Name extends string = BranchNumber<Before>>(
    guard: TypeGuard<K, V, S>,
    name?: Name,
  ): BranchedKStream<
    K,
    Without<V, S>,
    Prefix,
    Result & Branches<Prefix, Name, KStream<K, S>>,
    readonly [...Before, unknown]
  >
  branch<const Name extends string = BranchNumber<Before>>(
    predicate: Predicate<K, V>,
    name?: Name,
  ): BranchedKStream<K, V, Prefix, Result & Branches<Prefix, Name, KStream<K, V>>, readonly [...Before, unknown]>
  branch<S extends V, const Name extends string = BranchNumber<Before>, Stream = KStream<K, S>>(
    guard: TypeGuard<K, V, S>,
    branched: Branched<K, S, Name, Stream>,
  ): BranchedKStream<K, Without<V, S>, Prefix, Result & Branches<Prefix, Name, Stream>, readonly [...Before, unknown]>
  branch<const Name extends string = BranchNumber<Before>, Stream = KStream<K, V>>(
    predicate: Predicate<K, V>,
    branched: Branched<K, V, Name, Stream>,
  ): BranchedKStream<K, V, Prefix, Result & Branches<Prefix, Name, Stream>, readonly [...Before, unknown]>
  branch(predicate: Predicate<K, V>, branched?: string | Branched<K, V, string, unknown>): unknown {
    requireFunction(predicate, 'branch', 'a predicate')
    requireArgument(branched, BRANCHED, 'branch', 'branched')
    this.add(requiringValue(this.splitter, predicate), String(++this.branches), branched)
    return this
  }

  /**
   * Takes all remaining records, and completes the split.
   *
   * @example
   * const sizes = orders.split('size-').branch((order) => order.amount > 1000, 'large').defaultBranch('other')
   * sizes['size-other'].to('other-orders')
   */
  defaultBranch<const Name extends string = '0'>(name?: Name): Result & Branches<Prefix, Name, KStream<K, V>>
  defaultBranch<const Name extends string = '0', Stream = KStream<K, V>>(
    branched: Branched<K, V, Name, Stream>,
  ): Result & Branches<Prefix, Name, Stream>
  defaultBranch(branched?: string | Branched<K, V, string, unknown>): unknown {
    requireArgument(branched, BRANCHED, 'defaultBranch', 'branched')
    this.add(null, '0', branched)
    return this.streams
  }

  /**
   * Drops all remaining records, and completes the split.
   *
   * @example
   * orders.split().branch((order) => order.amount < 0, { with: (refunds) => refunds.to('refunds') }).noDefaultBranch()
   */
  noDefaultBranch(): Result {
    return this.streams as Result
  }

  private add(
    predicate: Predicate<K, V> | null,
    number: string,
    branched?: string | Branched<K, V, string, unknown>,
  ): void {
    const options: Branched<K, V, string, unknown> =
      typeof branched === 'string' ? { name: branched } : (branched ?? {})
    const { naming } = this.splitter.context
    const name = naming.given(this.splitter.name + (options.name ?? number))
    if (name in this.streams) {
      throw new TopologyError('DUPLICATE_NAME', `the split has two branches named "${name}"`, { operator: name })
    }
    naming.skip()
    const stream = new KStream(
      append(this.splitter, { kind: 'branch-target', name, predicate }, { ...this.splitter, name }),
    )
    const result = options.with ? options.with(stream) : stream
    if (result !== undefined && result !== null) this.streams[name] = result
  }
}
