import { byteString, type ByteString } from '../../bytes/byte-string'
import type { ByteScan } from '../state-engine'

/** Bounds of a scan. `from` is inclusive, `to` exclusive unless `toInclusive`. */
export interface ByteRange {
  readonly from?: ByteString
  readonly to?: ByteString
  readonly toInclusive?: boolean
  readonly reverse?: boolean
}

const text = (bytes: Buffer | undefined): ByteString | undefined =>
  bytes === undefined ? undefined : byteString(bytes)

export const rangeOf = ({ from, to, toInclusive, reverse }: ByteScan): ByteRange => ({
  from: text(from),
  to: text(to),
  toInclusive,
  reverse,
})
