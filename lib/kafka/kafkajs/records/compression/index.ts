import { constants } from 'node:buffer'
import { gunzipSync, gzipSync } from 'node:zlib'
import { ClientError, type Compression } from '../../../port'
import { TooLarge } from '../../../../bytes/too-large'
import { lz4Compress, lz4Decompress } from './lz4'
import { snappyCompress, snappyDecompress } from './snappy'
import { loadZstd, zstdCompress, zstdDecompress } from './zstd'

/** As they stand in a batch's attributes. */
export const CODEC_IDS: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }

interface Codec {
  compress(bytes: Buffer): Buffer
  /** Throws `TooLarge` rather than take more than `limit` bytes. */
  decompress(bytes: Buffer, limit: number): Buffer
}

const same = (bytes: Buffer): Buffer => bytes

const gunzip = (bytes: Buffer, limit: number): Buffer => {
  try {
    return gunzipSync(bytes, { maxOutputLength: Math.min(limit, constants.MAX_LENGTH) })
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? new TooLarge() : error
  }
}

const CODECS: readonly Codec[] = [
  { compress: same, decompress: same },
  { compress: (bytes) => gzipSync(bytes), decompress: gunzip },
  { compress: snappyCompress, decompress: snappyDecompress },
  { compress: lz4Compress, decompress: lz4Decompress },
  { compress: zstdCompress, decompress: zstdDecompress },
]

export const compress = (compression: Compression, records: Buffer): Buffer =>
  CODECS[CODEC_IDS[compression]]!.compress(records)

export const decompress = (codecId: number, records: Buffer, limit: number): Buffer => {
  const codec = CODECS[codecId]
  if (codec) return codec.decompress(records, limit)
  throw new ClientError('invalid', `compression codec ${codecId} is not known`, 'UNSUPPORTED_COMPRESSION_TYPE')
}

/** To be awaited before the first use of these codecs (a bit for each id): zstd is loaded on demand where Node has none. */
export const prepareCodecs = async (codecs: number): Promise<void> => {
  if (codecs & (1 << CODEC_IDS.zstd)) await loadZstd()
}
