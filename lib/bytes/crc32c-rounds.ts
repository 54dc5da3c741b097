/**
 * Takes whole rounds of sixteen bytes into a CRC-32C, from `start` up to `end`: the loop of `crc32c` in WebAssembly. There an index into a table
 * needs no check, which saves a third of the time, the copy into its memory included.
 */
export type Crc32cRounds = (crc: number, bytes: Uint8Array, start: number, end: number) => number

export const ROUND_BYTES = 16

// Known to every engine, but not to TypeScript without the types of browsers.
declare const WebAssembly:
  | {
      readonly Module: new (code: Uint8Array) => object
      readonly Instance: new (module: object) => { exports: object }
    }
  | undefined

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  rounds(crc: number, at: number, end: number): number
}

/** In its memory: the tables one after another, then the bytes in pieces that stay in the CPU's first cache. */
const TABLE_BYTES = 256 * Int32Array.BYTES_PER_ELEMENT
const PIECE_AT = 16 * TABLE_BYTES
const PIECE_BYTES = 16 * 1024

/** Undefined where an engine has no WebAssembly, as without its compiler, or no memory for it. */
export const newCrc32cRounds = (tables: readonly Int32Array[]): Crc32cRounds | undefined => {
  let exports: Exports
  try {
    exports = new WebAssembly!.Instance(new WebAssembly!.Module(Uint8Array.from(wasmModule()))).exports as Exports
  } catch {
    return undefined
  }
  const { memory, rounds } = exports
  tables.forEach((table, i) => new Int32Array(memory.buffer, i * TABLE_BYTES).set(table))
  const piece = new Uint8Array(memory.buffer, PIECE_AT)
  return (crc, bytes, start, end) => {
    for (let at = start; at < end; at += PIECE_BYTES) {
      const length = Math.min(PIECE_BYTES, end - at)
      piece.set(bytes.subarray(at, at + length))
      crc = rounds(crc, PIECE_AT, PIECE_AT + length)
    }
    return crc
  }
}

// ---------------------------------------------------------------------------------------- its code

const I32 = 0x7f
const VOID = 0x40
const LOOP = 0x03
const END = 0x0b
const BRANCH_IF = 0x0d
const LESS_UNSIGNED = 0x49
const ADD = 0x6a
const AND = 0x71
const XOR = 0x73
const SHIFT_LEFT = 0x74
const SHIFT_RIGHT = 0x76

/** LEB128. */
const number = (value: number): number[] => (value < 64 ? [value] : [(value & 0x7f) | 0x80, ...number(value >> 7)])

const constant = (value: number): number[] => [0x41, ...number(value)]
const get = (local: number): number[] => [0x20, local]
const set = (local: number): number[] => [0x21, local]
const setAndKeep = (local: number): number[] => [0x22, local]
/** Of four bytes, aligned or not. */
const load = (offset: number): number[] => [0x28, 0, ...number(offset)]

const [CRC, AT, PIECE_END, WORD] = [0, 1, 2, 3]
const WORDS = [0, 1, 2, 3]

/** Each byte of a word in the table for its distance from the end of the round. */
const lookUp = (word: number, byte: number): number[] => [
  ...get(WORD + word),
  ...(byte === 0
    ? [...constant(0xff), AND, ...constant(2), SHIFT_LEFT]
    : [...constant(8 * byte - 2), SHIFT_RIGHT, ...constant(0xff << 2), AND]),
  ...load((ROUND_BYTES - 1 - 4 * word - byte) * TABLE_BYTES),
]

const rounds = (): number[] => [
  ...[LOOP, VOID],
  ...WORDS.flatMap((word) => [
    ...[...get(AT), ...load(4 * word)],
    ...(word === 0 ? [...get(CRC), XOR] : []),
    ...set(WORD + word),
  ]),
  ...WORDS.flatMap((word) => WORDS.flatMap((byte) => [...lookUp(word, byte), ...(word + byte === 0 ? [] : [XOR])])),
  ...set(CRC),
  ...[...get(AT), ...constant(ROUND_BYTES), ADD, ...setAndKeep(AT)],
  ...[...get(PIECE_END), LESS_UNSIGNED, BRANCH_IF, 0],
  END,
  ...get(CRC),
  END,
]

const sized = (content: readonly number[]): number[] => [...number(content.length), ...content]
const name = (text: string): number[] => sized([...Buffer.from(text)])
const section = (id: number, ...entries: number[][]): number[] => [
  id,
  ...sized([...number(entries.length), ...entries.flat()]),
]

const wasmModule = (): number[] => [
  ...[...Buffer.from('\0asm'), 1, 0, 0, 0],
  ...section(1, [0x60, ...sized([I32, I32, I32]), ...sized([I32])]), // the type of the function
  ...section(3, [0]), // the function
  ...section(5, [0, 1]), // one page of memory
  ...section(7, [...name('rounds'), 0, 0], [...name('memory'), 2, 0]), // both exported
  ...section(10, sized([1, WORDS.length, I32, ...rounds()])), // four words as locals, and the code
]
