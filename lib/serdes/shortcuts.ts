import type { Serde } from './serde'
import type { WrittenValue } from './written-value'

/** What the runtime may do in place of a call to a built-in serde, with the same result. */
export interface Shortcuts {
  /** The well-formed text whose UTF-8 bytes `serialize` returns: it is written straight into the producer's batch. */
  readonly toText?: (value: unknown) => string
  /** Makes a `serialize` whose bytes are in memory of its own, which the next call writes again: for bytes that are copied at once. */
  readonly newWriter?: () => (topic: string, value: unknown) => Buffer
  /** `deserialize` takes any bytes, so that what nobody looks at need not be read to find that it is damaged. */
  readonly readsAnything?: boolean
  /** `deserialize` from the middle of a buffer: saves the view. What a store reads with it must not refer to the buffer, whose memory is used again. */
  readonly readRange?: (bytes: Buffer, start: number, end: number, topic: string) => unknown
  /**
   * What `serialize` has returned for a topic it returns again, for any topic, for what `deserialize` makes of it: this takes the
   * place of that value where only `serialize` would look at it. `null` if it makes null of it.
   */
  readonly unread?: (bytes: Buffer) => WrittenValue | null
}

// By identity: a serde that a user derives from one of these has methods of its own.
const known = new WeakMap<object, Shortcuts>()

export const withShortcuts = <S extends object>(serde: S, shortcuts: Shortcuts): S => {
  known.set(serde, shortcuts)
  return serde
}

/** A serde whose `deserialize` is `readRange` of all the bytes. What it reads must not refer to them. */
export const withReadRange = <T>(
  serde: Omit<Serde<T>, 'deserialize'>,
  readRange: (bytes: Buffer, start: number, end: number) => T,
  shortcuts: Shortcuts = NONE,
): Serde<T> =>
  withShortcuts(
    { ...serde, deserialize: (_topic, bytes) => readRange(bytes, 0, bytes.length) },
    { ...shortcuts, readRange },
  )

export const shortcutsOf = (serde: object): Shortcuts => known.get(serde) ?? NONE

const NONE: Shortcuts = {}
