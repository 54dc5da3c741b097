import { byteString, type ByteString } from '../byte-string'
import type { ByteScan } from '../store'
import type { ByteRange } from './byte-map'

const text = (bytes: Buffer | undefined): ByteString | undefined =>
  bytes === undefined ? undefined : byteString(bytes)

export const rangeOf = ({ from, to, toInclusive, reverse }: ByteScan): ByteRange => ({
  from: text(from),
  to: text(to),
  toInclusive,
  reverse,
})
