import type { AppDefaults, OpenSerde } from '../open-serde'
import type { Serde } from '../serde'
import { withShortcuts } from '../shortcuts'
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
  open(({ defaultValueSerde }) => new SubscriptionResponseSerde((foreignValue ?? defaultValueSerde) as Serde<VO>))

const open = <T>(completed: (app: AppDefaults) => Serde<T>): OpenSerde<T> => {
  const fail = (): never => {
    throw new Error('a serde of a foreign-key join is used before the app is known')
  }
  return { completed, serialize: fail, deserialize: fail }
}
