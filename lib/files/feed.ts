import type { Admin, Producer } from '../kafka/port'
import { NO_HEADERS } from '../record/headers'
import { isPromise } from '../promise'
import { tpKey } from '../record/topic-partition'
import { whenPrepared } from '../serdes/missing-dependency'
import type { FileInput, FileRecord } from './file'
import type { TopicSerdes } from './plan'
import { fileError, messageOf } from './rows'

/** Records that are made visible together. */
const CHUNK = 500

/** A file on its way into a topic of one partition. */
class Input {
  readonly #records: AsyncIterator<FileRecord>
  head: FileRecord | undefined
  /** Of the next record. */
  nextOffset = 0
  /** Lines of records that are not processed yet, by offset. */
  readonly #lines = new Map<number, number>()

  constructor(
    readonly topic: string,
    readonly file: FileInput,
    readonly serdes: TopicSerdes,
    private readonly now: number,
  ) {
    this.#records = file.read()[Symbol.asyncIterator]()
  }

  get timestamp(): number {
    return this.head?.timestamp ?? this.now
  }

  async advance(): Promise<void> {
    const next = await this.#records.next()
    this.head = next.done === true ? undefined : next.value
  }

  /** Reads the record at the head no further. */
  taken({ line }: FileRecord): void {
    this.#lines.set(this.nextOffset++, line)
  }

  processed(before: number): void {
    for (const offset of this.#lines.keys()) {
      if (offset >= before) break
      this.#lines.delete(offset)
    }
  }

  lineOf(offset: number): number | undefined {
    return this.#lines.get(offset)
  }

  async close(): Promise<void> {
    await this.#records.return?.()
  }
}

export interface FeedOptions {
  readonly files: ReadonlyMap<string, FileInput>
  readonly serdes: ReadonlyMap<string, TopicSerdes>
  /** Topics that the topology writes as well: their records are not all from files, and others may still read them. */
  readonly shared: ReadonlySet<string>
  /** Transactional: what belongs together can be read at once. */
  readonly producer: Producer
  readonly admin: Admin
  /** Of records without a timestamp. */
  readonly now: number
}

/**
 * Writes files to their topics in the order of timestamps, and of the files where they are equal, so that a task with several inputs has
 * them in order.
 */
export class Feed {
  readonly #inputs: readonly Input[]

  constructor(private readonly options: FeedOptions) {
    const { files, serdes, now } = options
    this.#inputs = [...files].map(([topic, file]) => new Input(topic, file, serdes.get(topic)!, now))
  }

  /** `mayContinue` is awaited before each chunk. */
  async run(mayContinue: () => Promise<void>): Promise<void> {
    for (const input of this.#inputs) await input.advance()
    while (this.#inputs.some(({ head }) => head !== undefined)) {
      await mayContinue()
      await this.#writeChunk()
    }
  }

  /** Records that are not processed yet. `committed`: by `tpKey`. */
  behind(committed: ReadonlyMap<string, { readonly offset: number }>): number {
    return this.#inputs.reduce((sum, { topic, nextOffset }) => {
      return sum + nextOffset - (committed.get(tpKey(topic, 0))?.offset ?? 0)
    }, 0)
  }

  /** What is processed takes no memory. */
  async processed(committed: ReadonlyMap<string, { readonly offset: number }>): Promise<void> {
    const before = this.#inputs.flatMap((input) => {
      const offset = committed.get(tpKey(input.topic, 0))?.offset ?? 0
      if (offset === 0) return []
      input.processed(offset)
      if (this.options.shared.has(input.topic)) return []
      return [{ topic: input.topic, partition: 0, offset }]
    })
    if (before.length > 0) await this.options.admin.deleteRecords(before)
  }

  /** Where a record of a topic came from, such as `orders.ndjson:17`. */
  placeOf(topic: string, offset: number): string | undefined {
    if (this.options.shared.has(topic)) return undefined
    const input = this.#inputs.find((candidate) => candidate.topic === topic)
    const line = input?.lineOf(offset)
    return line === undefined ? undefined : `${input!.file.path}:${line}`
  }

  async close(): Promise<void> {
    for (const input of this.#inputs) await input.close()
  }

  async #writeChunk(): Promise<void> {
    const { producer } = this.options
    const written = new Set<Input>()
    producer.begin()
    for (let records = 0; records < CHUNK; records++) {
      const input = this.#next()
      if (input === undefined) break
      const bytes = this.#serialized(input, input.head!)
      const { key, value } = isPromise(bytes) ? await bytes : bytes
      producer.append(input.topic, 0, key, value, input.timestamp, NO_HEADERS)
      input.taken(input.head!)
      written.add(input)
      await input.advance()
    }
    await producer.commit()
    // the transaction's marker
    for (const input of written) input.nextOffset++
  }

  #next(): Input | undefined {
    let next: Input | undefined
    for (const input of this.#inputs) {
      if (input.head !== undefined && (next === undefined || input.timestamp < next.timestamp)) next = input
    }
    return next
  }

  #serialized({ topic, file, serdes }: Input, { key, value, line }: FileRecord): Bytes | Promise<Bytes> {
    const failed = (error: unknown): Error =>
      fileError(
        file.path,
        line,
        `the record can't be written with the serdes of source topic "${topic}": ${messageOf(error)}`,
        error,
      )
    try {
      const bytes = whenPrepared(() => ({
        key: key == null ? null : serdes.key.serialize(topic, key, NO_HEADERS),
        value: value == null ? null : serdes.value.serialize(topic, value, NO_HEADERS),
      }))
      return isPromise(bytes)
        ? (bytes as Promise<Bytes>).catch((error: unknown) => {
            throw failed(error)
          })
        : bytes
    } catch (error) {
      throw failed(error)
    }
  }
}

interface Bytes {
  readonly key: Buffer | null
  readonly value: Buffer | null
}
