/** `i32 length of the foreign key ‖ foreign key ‖ primary key`: the keys of a subscription store's changelog. */
export const combinedKey = (foreignKey: Buffer, primaryKey: Buffer): Buffer => {
  const key = Buffer.allocUnsafe(4 + foreignKey.length + primaryKey.length)
  key.writeInt32BE(foreignKey.length)
  foreignKey.copy(key, 4)
  primaryKey.copy(key, 4 + foreignKey.length)
  return key
}

/** Views of it. */
export const splitCombinedKey = (key: Buffer): { foreignKey: Buffer; primaryKey: Buffer } => {
  const end = 4 + key.readInt32BE(0)
  if (end < 4 || end > key.length)
    throw new RangeError(`${key.toString('hex')} is no key of a foreign-key subscription`)
  return { foreignKey: key.subarray(4, end), primaryKey: key.subarray(end) }
}
