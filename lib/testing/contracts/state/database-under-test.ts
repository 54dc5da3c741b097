import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '../../../observe/logger'
import type { ByteScan, ByteStore, StateEngine, TaskDatabase } from '../../../state/state-engine'
import type { TestFramework } from '../test-framework'

/** What the runtime calls its changelog partitions. */
export const CHANGELOG = 'app-s-changelog-0'

/** One byte for each character. */
export const b = (text: string): Buffer => Buffer.from(text, 'latin1')

/** `key=value` of each entry. */
export const entriesOf = async (store: ByteStore, scan: ByteScan = {}): Promise<string[]> => {
  const entries: string[] = []
  for await (const [key, value] of store.scan(scan)) {
    entries.push(`${key.toString('latin1')}=${value.toString('latin1')}`)
  }
  return entries
}

/** The code of what a call throws or rejects with; `undefined` if it succeeds. */
export const codeOf = async (call: () => unknown): Promise<string | undefined> => {
  try {
    await call()
    return undefined
  } catch (error) {
    return (error as { code?: string }).code
  }
}

/** A task's database with three stores, in a folder of its own for each test. The tests use the one in the middle. */
export class DatabaseUnderTest {
  /** Messages that the engine has logged at `error`. */
  readonly reports: string[] = []
  database!: TaskDatabase
  #folder = ''

  constructor(
    { beforeEach, afterEach }: TestFramework,
    readonly engine: StateEngine,
  ) {
    beforeEach(async () => {
      this.reports.length = 0
      this.#folder = await mkdtemp(join(tmpdir(), 'millrace-'))
      this.database = await this.open()
      for (const neighbour of ['r', 't']) {
        for (const key of ['', 'a', 'b', '\xff\xff']) this.database.stores.get(neighbour)!.put(b(key), b('other'))
      }
    })
    afterEach(async () => {
      await this.database.close()
      await rm(this.#folder, { recursive: true, force: true })
    })
  }

  get directory(): string {
    return join(this.#folder, 'app', '0_0')
  }

  get store(): ByteStore {
    return this.database.stores.get('s')!
  }

  open(stores: readonly string[] = ['r', 's', 't']): Promise<TaskDatabase> {
    const ignore = (): void => {}
    const logger: Logger = {
      debug: ignore,
      info: ignore,
      warn: ignore,
      error: (_fields, message) => void this.reports.push(message),
    }
    const logged = stores.map((name) => ({ name, logged: true }))
    return this.engine.open({ directory: this.directory, taskId: '0_0', stores: logged, logger })
  }

  async commit(offsets: Readonly<Record<string, number>> = {}): Promise<void> {
    this.database.seal()
    await this.database.commit(new Map(Object.entries(offsets)))
  }

  async reopen(stores?: readonly string[]): Promise<void> {
    await this.database.close()
    this.database = await this.open(stores)
  }
}
