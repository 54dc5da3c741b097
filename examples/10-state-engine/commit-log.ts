import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename, truncate, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

/** What one commit has changed. Keys and values are text of one character for each byte. */
export interface Commit {
  readonly offsets: Readonly<Record<string, number>>
  readonly writes: readonly (readonly [store: string, key: string, value: string | null])[]
}

/** The log is not what was written. */
export class LogDamaged extends Error {}

/** A file with a line for each commit: a checksum, and the commit as JSON. A commit is there as a whole or not at all. */
export class CommitLog {
  private constructor(private readonly file: FileHandle) {}

  /** Gives every commit of the log to `replay`, in order. */
  static async open(directory: string, replay: (commit: Commit) => void): Promise<CommitLog> {
    await mkdir(directory, { recursive: true })
    const path = join(directory, 'log')
    const text = await readFile(path, 'latin1').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    })
    const end = text.lastIndexOf('\n') + 1
    // a crash while the last commit was being written
    if (end < text.length) await truncate(path, end)
    const lines = text.slice(0, end).split('\n').slice(0, -1)
    lines.forEach((line, i) => replay(parse(line, i + 1)))
    return new CommitLog(await open(path, 'a'))
  }

  /** Replaces the log by one commit that says the same. */
  static async rewrite(directory: string, commit: Commit): Promise<void> {
    await writeFile(join(directory, 'log.new'), lineOf(commit), 'latin1')
    await rename(join(directory, 'log.new'), join(directory, 'log'))
  }

  async append(commit: Commit): Promise<void> {
    await this.file.appendFile(lineOf(commit), 'latin1')
  }

  async close(): Promise<void> {
    await this.file.close()
  }
}

const CHECKSUM_CHARACTERS = 16

const checksum = (json: string): string => createHash('sha256').update(json, 'latin1').digest('hex').slice(0, 16)

const lineOf = (commit: Commit): string => {
  const json = JSON.stringify(commit)
  return `${checksum(json)}${json}\n`
}

const parse = (line: string, number: number): Commit => {
  const json = line.slice(CHECKSUM_CHARACTERS)
  if (checksum(json) !== line.slice(0, CHECKSUM_CHARACTERS)) {
    throw new LogDamaged(`line ${number} does not match its checksum`)
  }
  return JSON.parse(json) as Commit
}
