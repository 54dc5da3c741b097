import type { GlobalKTable as Global } from '../../../lib/dsl/global-ktable'
import { JoinWindows as Windows } from '../../../lib/dsl/windows/join-windows'
import type { Duration } from '../../../lib/durations'
import { Options, withSerdes } from './options'
import type { JavaSerde } from './serdes'
import { isWindowSupplier, storeOf, type WindowStoreSupplier } from './window-stores'

type Joiner = (...args: unknown[]) => unknown

/** A `ValueJoiner`, or a `ValueJoinerWithKey` where it takes three. */
export const valueJoiner = (joiner: Joiner): ((left: unknown, right: unknown, key: unknown) => unknown) =>
  joiner.length > 2 ? (left, right, key) => joiner(key, left, right) : (left, right) => joiner(left, right)

/** Java's `GlobalKTable` over ours. */
export class GlobalKTable {
  constructor(readonly table: Global<unknown, unknown>) {}

  queryableStoreName(): string {
    return this.table.queryableStoreName
  }
}

/** Java's window over our options: it is a window only once a join asks for it. */
export class JoinWindows {
  private constructor(
    private readonly options: { timeDifference: Duration; before?: number; after?: number; grace: Duration },
  ) {
    Windows.of(options)
  }
  static ofTimeDifferenceWithNoGrace = (timeDifference: number): JoinWindows =>
    new JoinWindows({ timeDifference, grace: 0 })
  static ofTimeDifferenceAndGrace = (timeDifference: number, grace: number): JoinWindows =>
    new JoinWindows({ timeDifference, grace })
  before(before: number): JoinWindows {
    return new JoinWindows({ ...this.options, before })
  }
  after(after: number): JoinWindows {
    return new JoinWindows({ ...this.options, after })
  }
  get windows(): Windows {
    return Windows.of(this.options)
  }
}

abstract class JoinOptions extends Options {
  withName(name: string): this {
    return this.set({ name })
  }
  withKeySerde(serde: JavaSerde): this {
    return this.set({ key: serde.serde })
  }
  withValueSerde(serde: JavaSerde): this {
    return this.set({ value: serde.serde })
  }
  withOtherValueSerde(serde: JavaSerde): this {
    return this.set({ otherValue: serde.serde })
  }
}

export class Joined extends JoinOptions {
  static as = (name: string): Joined => new Joined().set({ name })
  static keySerde = (serde: JavaSerde): Joined => new Joined().withKeySerde(serde)
  static valueSerde = (serde: JavaSerde): Joined => new Joined().withValueSerde(serde)
  static otherValueSerde = (serde: JavaSerde): Joined => new Joined().withOtherValueSerde(serde)
  /** `with(key, value, otherValue [, name [, grace]])` */
  static with = (...args: unknown[]): Joined =>
    new Joined().set({
      ...withSerdes(args, ['key', 'value', 'otherValue']),
      grace: args.find((arg) => typeof arg === 'number'),
    })
  withGracePeriod(grace: number): this {
    return this.set({ grace })
  }
}

export class StreamJoined extends JoinOptions {
  /** Names the stores: Java's `as` of a `StreamJoined` is not what it is elsewhere. */
  static as = (store: string): StreamJoined => new StreamJoined().set({ store })
  /** `with(key, value, otherValue)` or `with(thisStore, otherStore)` */
  static with = (...args: unknown[]): StreamJoined => {
    const [first, second] = args
    if (isSupplier(first) && isSupplier(second)) {
      return new StreamJoined().withThisStoreSupplier(first).withOtherStoreSupplier(second)
    }
    return new StreamJoined().set(withSerdes(args, ['key', 'value', 'otherValue']))
  }
  withStoreName(store: string): this {
    return this.set({ store })
  }
  withThisStoreSupplier(supplier: WindowStoreSupplier): this {
    return this.set({ thisStore: storeOf(supplier) })
  }
  withOtherStoreSupplier(supplier: WindowStoreSupplier): this {
    return this.set({ otherStore: storeOf(supplier) })
  }
  withLoggingEnabled(configs: ReadonlyMap<string, string>): this {
    return this.set({ logging: Object.fromEntries(configs) })
  }
  withLoggingDisabled(): this {
    return this.set({ logging: false })
  }
}

const isSupplier = (value: unknown): value is WindowStoreSupplier =>
  typeof value === 'object' && value !== null && isWindowSupplier(value)
