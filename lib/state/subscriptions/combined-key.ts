import type { Scratch } from '../../bytes/scratch'

/**
 * `i32 length of the foreign key ‖ foreign key ‖ primary key`: the keys of a subscription store's changelog. In `scratch`,
 * and valid for as long as what is there.
 */
export const combinedKey = (foreignKey: Buffer, primaryKey: Buffer, scratch: Scratch): Buffer => {
  const key = scratch.of(4 + foreignKey.length + primaryKey.length)
  key.writeInt32BE(foreignKey.length)
  key.set(foreignKey, 4)
  key.set(primaryKey, 4 + foreignKey.length)
  return key
}

/** Views of it. */
export const splitCombinedKey = (key: Buffer): { foreignKey: Buffer; primaryKey: Buffer } => {
  const end = 4 + key.readInt32BE(0)
  if (end < 4 || end > key.length)
    throw new RangeError(`${key.toString('hex')} is no key of a foreign-key subscription`)
  return { foreignKey: key.subarray(4, end), primaryKey: key.subarray(end) }
}
