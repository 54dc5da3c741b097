import type { AppDefaults } from '../open-serde'
import type { Serde } from '../serde'
import { type Shortcuts, shortcutsOf } from '../shortcuts'
import { Embedded } from './embedded'
import { murmur3 } from './murmur3'
import { NO_HEADERS } from '../../record/headers'
import { copyBytes } from '../../bytes/copy-bytes'
import { Scratch } from '../../bytes/scratch'

/** Of a foreign-key join, as far as they are known; the others are the app's defaults. */
export interface ForeignKeyJoinSerdes {
  /** The registration topic, without the application id: what keys and hashed values are serialized for is named after it. */
  readonly topic: string
  readonly key?: Serde<unknown>
  readonly value?: Serde<unknown>
  readonly foreignKey?: Serde<unknown>
  readonly foreignValue?: Serde<unknown>
}

/** The bytes that the operators of a foreign-key join work with, each valid until the next call of the same method. */
export class ForeignKeyBytes {
  private readonly key: Part
  private readonly foreign: Part
  private readonly value: Part
  private readonly embeddedKey: Embedded<unknown>

  constructor(serdes: ForeignKeyJoinSerdes, { applicationId, defaultKeySerde, defaultValueSerde }: AppDefaults) {
    const topic = `${applicationId}-${serdes.topic}`
    this.key = new Part('primary key', serdes.key ?? defaultKeySerde, `${topic}-pk`)
    this.foreign = new Part('foreign key', serdes.foreignKey ?? defaultKeySerde, `${topic}-fk`)
    this.value = new Part('value', serdes.value ?? defaultValueSerde, `${topic}-vh`)
    this.embeddedKey = new Embedded(this.key.serde)
  }

  async prepare(): Promise<void> {
    const parts = [this.key, this.foreign, this.value]
    await Promise.all(parts.map(async ({ serde, topic }) => serde.prepare?.(topic, 'store')))
  }

  primaryKey(key: unknown): Buffer {
    return this.key.written(key)
  }

  /** With room for `before` bytes in front of it and `after` behind. It is the caller's. */
  embeddedPrimaryKey(key: unknown, before: number, after: number): Buffer {
    return this.embeddedKey.serialize(this.key.topic, key, before, after) ?? this.key.refuse()
  }

  readPrimaryKey(bytes: Buffer, start: number, end: number): unknown {
    return this.embeddedKey.deserialize(this.key.topic, bytes, start, end)
  }

  foreignKey(key: unknown): Buffer {
    return this.foreign.written(key)
  }

  areEqualForeignKeys(a: unknown, b: unknown): boolean {
    const bytes = this.foreignKey(a)
    return copyBytes(bytes, 0, bytes.length).equals(this.foreignKey(b))
  }

  /** Equal values must have equal bytes, or answers are taken for outdated. It is the caller's. */
  hash(value: unknown): Buffer {
    return murmur3(this.value.written(value))
  }
}

/** A serde, and the topic that it is told: one that does not exist, so that a schema registry keeps them apart. */
class Part {
  private readonly scratch = new Scratch()
  private readonly toText: Shortcuts['toText']

  constructor(
    private readonly what: string,
    readonly serde: Serde<unknown>,
    readonly topic: string,
  ) {
    this.toText = shortcutsOf(serde).toText
  }

  /** Valid until the next call. */
  written(data: unknown): Buffer {
    if (this.toText !== undefined) return this.scratch.ofText(this.toText(data))
    return this.serde.serialize(this.topic, data, NO_HEADERS) ?? this.refuse()
  }

  refuse(): never {
    throw new TypeError(`the serde of the ${this.what} of a foreign-key join returned null`)
  }
}
