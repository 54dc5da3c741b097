import * as serdes from '../../../lib/serdes'
import type { Serde } from '../../../lib/serdes/serde'

/* A serde, its serializer and its deserializer are one object here: the case texts ask for all three. */
export interface JavaSerde {
  readonly serde: Serde<unknown>
  serializer(): JavaSerde
  deserializer(): JavaSerde
}

export function javaSerde<T>(serde: Serde<T>): JavaSerde {
  const self: JavaSerde = { serde: serde as Serde<unknown>, serializer: () => self, deserializer: () => self }
  return self
}

const string = javaSerde(serdes.string())
const long = javaSerde(serdes.long())
const int = javaSerde(serdes.int())
const bytes = javaSerde(serdes.bytes())

export const Serdes = {
  String: (): JavaSerde => string,
  Long: (): JavaSerde => long,
  Integer: (): JavaSerde => int,
  ByteArray: (): JavaSerde => bytes,
}

export class StringSerializer {
  readonly serde = string.serde
}

export const isJavaSerde = (value: unknown): value is JavaSerde =>
  typeof value === 'object' && value !== null && 'serde' in value && 'serializer' in value
