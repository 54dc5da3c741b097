/** Whether typed arrays of words have the lowest byte first, as on nearly every machine. */
export const LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
