import type { Admin, Fetcher, RecordCursor } from '../kafka/port'
import { tpKey } from '../record/topic-partition'
import { prepared } from '../serdes/missing-dependency'
import type { FileWriter } from './file'
import type { TopicSerdes } from './plan'

export interface DrainOptions {
  readonly topic: string
  /** Undefined: the records are dropped. */
  readonly file: { readonly serdes: TopicSerdes; readonly writer: FileWriter } | undefined
  /** The topology reads the topic as well: its next offset, or undefined if it does not. */
  readonly readUpTo: (() => Promise<number>) | undefined
  /** Of this topic alone. */
  readonly fetcher: Fetcher
  readonly admin: Admin
}

/** Writes a topic of one partition to a file as it grows. What is in the file, and the topology has read, takes no memory. */
export class Drain {
  #position = 0
  #isComplete = false

  constructor(private readonly options: DrainOptions) {}

  /** Until `complete`, and then to the end. */
  async run(signal: AbortSignal): Promise<void> {
    const { topic, fetcher, admin } = this.options
    fetcher.assign(topic, 0, 0)
    while (!signal.aborted) {
      const isComplete = this.#isComplete
      const fetched = await fetcher.poll(isComplete ? 0 : 100)
      for (const part of fetched) {
        if (part.error) throw part.error
        const cursor = part.records()
        if (this.options.file) while (cursor.advance()) await this.#write(cursor, this.options.file)
        this.#position = part.nextOffset
        const readUpTo = (await this.options.readUpTo?.()) ?? Infinity
        await admin.deleteRecords([{ topic, partition: 0, offset: Math.min(this.#position, readUpTo) }])
      }
      if (isComplete && (await this.behind()) <= 0) return
    }
  }

  /** Nothing more is written to the topic. */
  complete(): void {
    this.#isComplete = true
    this.options.fetcher.wakeup()
  }

  /** Records that are not in the file yet. */
  async behind(): Promise<number> {
    const { topic, admin } = this.options
    const ends = await admin.listOffsets([{ topic, partition: 0, at: 'latest' }], 'read_committed')
    return ends.get(tpKey(topic, 0))! - this.#position
  }

  async #write(cursor: RecordCursor, { serdes, writer }: NonNullable<DrainOptions['file']>): Promise<void> {
    const { topic } = this.options
    const { offset, timestamp, key, value } = cursor
    const headers = cursor.headers()
    const record = await prepared(() => ({
      key: key && serdes.key.deserialize(topic, key, headers),
      value: value && serdes.value.deserialize(topic, value, headers),
    }))
    await writer.write(record.value, record.key, { topic, partition: 0, offset, timestamp, headers })
  }
}
