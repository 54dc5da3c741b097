import { createWriteStream, type WriteStream } from 'node:fs'
import { once } from 'node:events'
import { fileError, messageOf } from './rows'

/** Writes text to a file, no faster than the file takes it. */
export class TextFile {
  #failure: unknown

  private constructor(
    private readonly path: string,
    private readonly stream: WriteStream,
  ) {
    stream.on('error', (error) => (this.#failure ??= error))
  }

  static async create(path: string): Promise<TextFile> {
    const stream = createWriteStream(path)
    const file = new TextFile(path, stream)
    try {
      await once(stream, 'open')
    } catch (error) {
      throw file.#failed(error)
    }
    return file
  }

  async write(text: string): Promise<void> {
    if (this.#failure !== undefined) throw this.#failed(this.#failure)
    if (this.stream.write(text)) return
    try {
      await once(this.stream, 'drain')
    } catch (error) {
      throw this.#failed(error)
    }
  }

  async close(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failed(this.#failure)
    const closed = once(this.stream, 'close')
    this.stream.end()
    await closed.catch(() => {})
    if (this.#failure !== undefined) throw this.#failed(this.#failure)
  }

  #failed(error: unknown): Error {
    return fileError(this.path, undefined, `it can't be written: ${messageOf(error)}`, error)
  }
}
