/** How 64-bit integers look in JavaScript. */
export type ProtobufLong = 'number' | 'bigint'
