type Table = Int32Array

export type CrcTables = readonly [
  ...[Table, Table, Table, Table, Table, Table, Table, Table],
  ...[Table, Table, Table, Table, Table, Table, Table, Table],
]

/**
 * The tables of a CRC of 32 bits, given its reversed polynomial, for slicing by up to 16: a look-up for each byte of a round.
 * Each CRC has its own loop over tables that are constants of its module: a shared loop takes 50 % longer.
 */
export const crcTables = (polynomial: number): CrcTables => {
  const tables = Array.from({ length: 16 }, () => new Int32Array(256))
  for (let i = 0; i < 256; i++) {
    let crc = i
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    tables[0]![i] = crc
  }
  for (let i = 0; i < 256; i++) {
    for (let k = 1; k < tables.length; k++) {
      const previous = tables[k - 1]![i]!
      tables[k]![i] = tables[0]![previous & 0xff]! ^ (previous >>> 8)
    }
  }
  return tables as unknown as CrcTables
}
