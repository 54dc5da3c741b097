import { PiecewiseWriter, WireReader, WireWriter } from './wire'

/** One request of the Kafka protocol: an API at one version, its body, and how its response is read. */
export interface Frame<T> {
  readonly apiKey: number
  readonly apiVersion: number
  readonly apiName: string
  encode(): WireWriter
  /** The same body in pieces. The large ones are not copied: they must stay as they are until the response is here. */
  pieces?(): readonly Uint8Array[]
  decode(body: Buffer): T
}

export interface Api {
  readonly key: number
  readonly version: number
  readonly name: string
}

/** A request of a version before the flexible ones. */
export const rigid = <T>(
  api: Api,
  write: (writer: WireWriter) => void,
  read: (reader: WireReader) => T,
  size?: number,
): Frame<T> => ({
  apiKey: api.key,
  apiVersion: api.version,
  apiName: api.name,
  encode: () => {
    const writer = new WireWriter(size)
    write(writer)
    return writer
  },
  decode: (body) => read(new WireReader(body)),
})

/** A request that carries large byte arrays, of a version before the flexible ones; `size` is that of the whole body, at least. */
export const bulky = <T>(
  api: Api,
  write: (writer: WireWriter) => void,
  read: (reader: WireReader) => T,
  size: number,
): Frame<T> => ({
  ...rigid(api, write, read, size),
  pieces: () => {
    const writer = new PiecewiseWriter()
    write(writer)
    return writer.finish()
  },
})

/**
 * A request of a flexible version (KIP-482). kafkajs writes request header v1; header v2 is the same with one more byte,
 * its empty tag section, which stands first in the body here. The tags that end the body are written here too.
 */
export const flex = <T>(api: Api, write: (writer: WireWriter) => void, read: (reader: WireReader) => T): Frame<T> => ({
  apiKey: api.key,
  apiVersion: api.version,
  apiName: api.name,
  encode: () => {
    const writer = new WireWriter().tags()
    write(writer)
    return writer.tags()
  },
  decode: (body) => {
    const reader = new WireReader(body)
    reader.tags()
    return read(reader)
  },
})

/** Reads a response that has nothing but its throttle time and an error code. */
export const throttledErrorCode = (reader: WireReader): { errorCode: number } => {
  reader.int32()
  return { errorCode: reader.int16() }
}
