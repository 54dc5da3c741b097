import type { AppDefaults } from '../open-serde'
import type { Serde } from '../serde'
import { murmur3 } from './murmur3'
import { NO_HEADERS } from '../../record/headers'

/** Of a foreign-key join, as far as they are known; the others are the app's defaults. */
export interface ForeignKeyJoinSerdes {
  /** The registration topic, without the application id: what keys and hashed values are serialized for is named after it. */
  readonly topic: string
  readonly key?: Serde<unknown>
  readonly value?: Serde<unknown>
  readonly foreignKey?: Serde<unknown>
  readonly foreignValue?: Serde<unknown>
}

/** A serde, and the topic that it is told: one that does not exist, so that a schema registry keeps them apart. */
interface Part {
  readonly what: string
  readonly serde: Serde<unknown>
  readonly topic: string
}

/** The bytes that the operators of a foreign-key join work with. */
export class ForeignKeyBytes {
  private readonly key: Part
  private readonly foreign: Part
  private readonly value: Part

  constructor(serdes: ForeignKeyJoinSerdes, { applicationId, defaultKeySerde, defaultValueSerde }: AppDefaults) {
    const topic = `${applicationId}-${serdes.topic}`
    this.key = { what: 'primary key', serde: serdes.key ?? defaultKeySerde, topic: `${topic}-pk` }
    this.foreign = { what: 'foreign key', serde: serdes.foreignKey ?? defaultKeySerde, topic: `${topic}-fk` }
    this.value = { what: 'value', serde: serdes.value ?? defaultValueSerde, topic: `${topic}-vh` }
  }

  async prepare(): Promise<void> {
    const parts = [this.key, this.foreign, this.value]
    await Promise.all(parts.map(async ({ serde, topic }) => serde.prepare?.(topic, 'store')))
  }

  primaryKey(key: unknown): Buffer {
    return written(this.key, key)
  }

  readPrimaryKey(bytes: Buffer): unknown {
    return this.key.serde.deserialize(this.key.topic, bytes, NO_HEADERS)
  }

  foreignKey(key: unknown): Buffer {
    return written(this.foreign, key)
  }

  /** Equal values must have equal bytes, or answers are taken for outdated. */
  hash(value: unknown): Buffer {
    return murmur3(written(this.value, value))
  }
}

const written = ({ what, serde, topic }: Part, data: unknown): Buffer => {
  const bytes = serde.serialize(topic, data, NO_HEADERS)
  if (bytes !== null) return bytes
  throw new TypeError(`the serde of the ${what} of a foreign-key join returned null`)
}
