import { NO_HEADERS } from '../../kafka/port'
import type { AppDefaults } from '../../serdes/open-serde'
import type { Serde } from '../../serdes/serde'
import { murmur3 } from './murmur3'
import { SubscriptionResponseSerde, SubscriptionSerde } from './subscription'

/** Of a foreign-key join, as far as they are known; the others are the app's defaults. */
export interface ForeignKeyJoinSerdes {
  /** The registration topic, without the application id: what keys and hashed values are serialized for is named after it. */
  readonly topic: string
  readonly key?: Serde<unknown>
  readonly value?: Serde<unknown>
  readonly foreignKey?: Serde<unknown>
  readonly foreignValue?: Serde<unknown>
}

/** The bytes that the operators of a foreign-key join work with. */
export class ForeignKeyBytes {
  constructor(
    private readonly serdes: ForeignKeyJoinSerdes,
    private readonly app: AppDefaults,
  ) {}

  primaryKey(key: unknown): Buffer {
    return required(serialize(this.serdes.key ?? this.app.defaultKeySerde, this.pseudoTopic('pk'), key), 'primary key')
  }

  foreignKey(key: unknown): Buffer {
    const serde = this.serdes.foreignKey ?? this.app.defaultKeySerde
    return required(serialize(serde, this.pseudoTopic('fk'), key), 'foreign key')
  }

  /** Equal values must have equal bytes, or answers are taken for outdated. */
  hash(value: unknown): Buffer {
    const serde = this.serdes.value ?? this.app.defaultValueSerde
    return murmur3(serialize(serde, this.pseudoTopic('vh'), value) ?? Buffer.alloc(0))
  }

  private pseudoTopic(suffix: string): string {
    return `${this.app.applicationId}-${this.serdes.topic}-${suffix}`
  }
}

export const subscriptionSerde = <K>({ topic, key }: ForeignKeyJoinSerdes): SubscriptionSerde<K> =>
  new SubscriptionSerde(`${topic}-pk`, key as Serde<K> | undefined)

export const responseSerde = <VO>({ foreignValue }: ForeignKeyJoinSerdes): SubscriptionResponseSerde<VO> =>
  new SubscriptionResponseSerde(foreignValue as Serde<VO> | undefined)

const serialize = (serde: Serde<unknown>, topic: string, data: unknown): Buffer | null =>
  serde.serialize(topic, data, NO_HEADERS)

const required = (bytes: Buffer | null, what: string): Buffer => {
  if (bytes !== null) return bytes
  throw new TypeError(`the serde of the ${what} returned null`)
}
