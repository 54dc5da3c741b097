import type { AppDefaults, OpenSerde } from '../open-serde'
import type { Serde } from '../serde'
import { type Shortcuts, shortcutsOf, withShortcuts } from '../shortcuts'
import { ForeignKeyBytes, type ForeignKeyJoinSerdes } from './foreign-key-bytes'
import {
  type Subscription,
  type SubscriptionResponse,
  SubscriptionResponseSerde,
  SubscriptionSerde,
} from './subscription'

/** Of the registration topic's values, and of the subscription store's. */
export const subscriptionSerde = <K>(serdes: ForeignKeyJoinSerdes): OpenSerde<Subscription<K>> =>
  open((app) => {
    const serde = new SubscriptionSerde<K>(new ForeignKeyBytes(serdes, app))
    return withShortcuts(serde, { readRange: (bytes, start, end) => serde.deserializeRange(bytes, start, end) })
  })

/** Of the response topic's values. */
export const responseSerde = <VO>({ foreignValue }: ForeignKeyJoinSerdes): OpenSerde<SubscriptionResponse<VO>> =>
  open(({ defaultValueSerde }) => {
    const value = (foreignValue ?? defaultValueSerde) as Serde<VO>
    const serde = new SubscriptionResponseSerde(value)
    // others may look at the headers
    if (shortcutsOf(value).readRange === undefined) return serde
    const readRange: Shortcuts['readRange'] = (bytes, start, end, topic) =>
      serde.deserializeRange(topic, bytes, start, end)
    return withShortcuts(serde, { readRange })
  })

const open = <T>(completed: (app: AppDefaults) => Serde<T>): OpenSerde<T> => {
  const fail = (): never => {
    throw new Error('a serde of a foreign-key join is used before the app is known')
  }
  return { completed, serialize: fail, deserialize: fail }
}
