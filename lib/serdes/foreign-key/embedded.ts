import { copyBytes } from '../../bytes/copy-bytes'
import { utf8Length, writeUtf8 } from '../../bytes/buffer-text'
import { NO_HEADERS, type RecordHeaders } from '../../record/headers'
import type { Serde } from '../serde'
import { type Shortcuts, shortcutsOf } from '../shortcuts'

/** Writes and reads what takes a part of the bytes of something else: nothing is copied for it. */
export class Embedded<T> {
  private readonly shortcuts: Shortcuts

  constructor(readonly serde: Serde<T>) {
    this.shortcuts = shortcutsOf(serde)
  }

  /** With room for `before` bytes in front of it and `after` behind. `null` where the serde returns that. */
  serialize(
    topic: string,
    value: T,
    before: number,
    after: number,
    headers: RecordHeaders = NO_HEADERS,
  ): Buffer | null {
    const { toText } = this.shortcuts
    if (toText === undefined) {
      const bytes = this.serde.serialize(topic, value, headers)
      if (bytes === null) return null
      const whole = Buffer.allocUnsafe(before + bytes.length + after)
      whole.set(bytes, before)
      return whole
    }
    const text = toText(value)
    const whole = Buffer.allocUnsafe(before + utf8Length(text) + after)
    writeUtf8(whole, text, before)
    return whole
  }

  deserialize(topic: string, bytes: Buffer, start: number, end: number, headers: RecordHeaders = NO_HEADERS): T {
    const { readRange } = this.shortcuts
    if (readRange !== undefined) return readRange(bytes, start, end, topic) as T
    // a copy: the memory of what it is embedded in may be used again
    return this.serde.deserialize(topic, copyBytes(bytes, start, end), headers)
  }
}
