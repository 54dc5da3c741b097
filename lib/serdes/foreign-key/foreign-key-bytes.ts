import type { AppDefaults } from '../open-serde'
import type { Serde } from '../serde'
import { Embedded } from './embedded'
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
  private readonly embeddedKey: Embedded<unknown>

  constructor(serdes: ForeignKeyJoinSerdes, { applicationId, defaultKeySerde, defaultValueSerde }: AppDefaults) {
    const topic = `${applicationId}-${serdes.topic}`
    this.key = { what: 'primary key', serde: serdes.key ?? defaultKeySerde, topic: `${topic}-pk` }
    this.foreign = { what: 'foreign key', serde: serdes.foreignKey ?? defaultKeySerde, topic: `${topic}-fk` }
    this.value = { what: 'value', serde: serdes.value ?? defaultValueSerde, topic: `${topic}-vh` }
    this.embeddedKey = new Embedded(this.key.serde)
  }

  async prepare(): Promise<void> {
    const parts = [this.key, this.foreign, this.value]
    await Promise.all(parts.map(async ({ serde, topic }) => serde.prepare?.(topic, 'store')))
  }

  primaryKey(key: unknown): Buffer {
    return written(this.key, key)
  }

  /** With room for `before` bytes in front of it and `after` behind. */
  embeddedPrimaryKey(key: unknown, before: number, after: number): Buffer {
    return this.embeddedKey.serialize(this.key.topic, key, before, after) ?? refuse(this.key)
  }

  readPrimaryKey(bytes: Buffer, start: number, end: number): unknown {
    return this.embeddedKey.deserialize(this.key.topic, bytes, start, end)
  }

  foreignKey(key: unknown): Buffer {
    return written(this.foreign, key)
  }

  /** Equal values must have equal bytes, or answers are taken for outdated. */
  hash(value: unknown): Buffer {
    return murmur3(written(this.value, value))
  }
}

const written = (part: Part, data: unknown): Buffer =>
  part.serde.serialize(part.topic, data, NO_HEADERS) ?? refuse(part)

const refuse = ({ what }: Part): never => {
  throw new TypeError(`the serde of the ${what} of a foreign-key join returned null`)
}
