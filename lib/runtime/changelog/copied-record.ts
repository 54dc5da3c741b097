import type { RecordCursor } from '../../kafka/port'
import { Scratch } from '../../bytes/scratch'

/** In bytes. A larger value takes longer to copy than to view. */
const LARGEST_COPY = 512

/** Key and value of a cursor's current record, in memory that the next one reuses: they cost no objects. */
export class CopiedRecord implements Pick<RecordCursor, 'key' | 'value'> {
  readonly #keys = new Scratch()
  readonly #values = new Scratch()
  /** Of the cursor, which has other bytes for each batch. */
  #bytes: Buffer
  #view: DataView

  constructor(private readonly cursor: RecordCursor) {
    this.#bytes = cursor.bytes
    this.#view = viewOf(cursor.bytes)
  }

  get key(): Buffer | null {
    const { cursor } = this
    const { keyLength } = cursor
    if (keyLength < 0 || keyLength > LARGEST_COPY) return cursor.key
    return this.#keys.copyFrom(this.#currentView(), cursor.keyStart, keyLength)
  }

  get value(): Buffer | null {
    const { cursor } = this
    const { valueLength } = cursor
    if (valueLength < 0 || valueLength > LARGEST_COPY) return cursor.value
    return this.#values.copyFrom(this.#currentView(), cursor.valueStart, valueLength)
  }

  #currentView(): DataView {
    const { bytes } = this.cursor
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#view = viewOf(bytes)
    }
    return this.#view
  }
}

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
