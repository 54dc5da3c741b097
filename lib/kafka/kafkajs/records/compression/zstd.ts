import zlib from 'node:zlib'
import { zstdSizeBound } from './zstd-frame'

interface ZstdCodec {
  compress(bytes: Buffer): Buffer
  decompress(bytes: Buffer): Buffer
}

interface NativeZstd {
  zstdCompressSync?: (bytes: Buffer) => Buffer
  zstdDecompressSync?: (bytes: Buffer) => Buffer
}

const { zstdCompressSync, zstdDecompressSync } = zlib as unknown as NativeZstd

/** Node's own from 22.15 on; before that libzstd as WebAssembly, loaded by the first who needs it. */
let codec: ZstdCodec | undefined =
  zstdCompressSync && zstdDecompressSync
    ? { compress: (bytes) => zstdCompressSync(bytes), decompress: (bytes) => zstdDecompressSync(bytes) }
    : undefined

let loading: Promise<void> | undefined

export const loadZstd = (): Promise<void> | void => {
  if (codec) return
  loading ??= import('@bokuweb/zstd-wasm').then(async (wasm) => {
    await wasm.init()
    codec = {
      compress: (bytes) => asBuffer(wasm.compress(bytes, DEFAULT_LEVEL)),
      // Java streams its frames, so their headers don't tell the size
      decompress: (bytes) => asBuffer(wasm.decompress(bytes, { defaultHeapSize: zstdSizeBound(bytes) })),
    }
  })
  return loading
}

/** Kafka's */
const DEFAULT_LEVEL = 3

export const zstdCompress = (bytes: Buffer): Buffer => loaded().compress(bytes)

export const zstdDecompress = (bytes: Buffer): Buffer => loaded().decompress(bytes)

const loaded = (): ZstdCodec => {
  if (!codec) throw new Error('zstd is used before it was loaded')
  return codec
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
