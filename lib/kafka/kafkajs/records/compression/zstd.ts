import zlib from 'node:zlib'
import { constants } from 'node:buffer'
import { TooLarge } from '../../../../bytes/too-large'
import { zstdSize } from './zstd-frame'

interface ZstdCodec {
  compress(bytes: Buffer): Buffer
  decompress(bytes: Buffer, limit: number): Buffer
}

interface NativeZstd {
  zstdCompressSync?: (bytes: Buffer) => Buffer
  zstdDecompressSync?: (bytes: Buffer, options: { maxOutputLength: number }) => Buffer
}

const { zstdCompressSync, zstdDecompressSync } = zlib as unknown as NativeZstd

/** Node's own from 22.15 on; before that libzstd as WebAssembly, loaded by the first who needs it. */
let codec: ZstdCodec | undefined =
  zstdCompressSync && zstdDecompressSync
    ? {
        compress: (bytes) => zstdCompressSync(bytes),
        decompress: (bytes, limit) => zstdDecompressSync(bytes, { maxOutputLength: limit }),
      }
    : undefined

let loading: Promise<void> | undefined

export const loadZstd = (): Promise<void> | void => {
  if (codec) return
  loading ??= import('@bokuweb/zstd-wasm').then(async (wasm) => {
    await wasm.init()
    codec = {
      compress: (bytes) => asBuffer(wasm.compress(bytes, DEFAULT_LEVEL)),
      // Java streams its frames, so their headers don't tell the size
      decompress: (bytes, limit) =>
        asBuffer(wasm.decompress(bytes, { defaultHeapSize: Math.min(zstdSize(bytes).bound, limit) })),
    }
  })
  return loading
}

/** Kafka's */
const DEFAULT_LEVEL = 3

export const zstdCompress = (bytes: Buffer): Buffer => loaded().compress(bytes)

export const zstdDecompress = (bytes: Buffer, limit: number): Buffer => {
  const { bound, declared } = zstdSize(bytes)
  if (declared > limit) throw new TooLarge()
  try {
    return loaded().decompress(bytes, Math.min(limit, constants.MAX_LENGTH))
  } catch (error) {
    // neither codec tells a buffer that is too small by an error of its own kind
    throw bound > limit ? new TooLarge() : error
  }
}

const loaded = (): ZstdCodec => {
  if (!codec) throw new Error('zstd is used before it was loaded')
  return codec
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
