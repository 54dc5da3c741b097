import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../../../lib/observe/logger'
import { string } from '../../../lib/serdes'
import type {
  ManagedStore,
  RecordCacheBudget,
  StateStore,
  StateStoreContext,
  StoreBuilder,
} from '../../../lib/state/store'
import { levelEngine } from '../../../lib/state/level/level-engine'
import { TaskStorage } from '../../../lib/state/task-storage'
import { NO_HEADERS, type RecordHeaders } from '../../../lib/record/headers'
import type { RecordContext } from '../../../lib/record/record-context'

export interface LoggedChange {
  readonly key: Buffer
  readonly value: Buffer | null
  /** `null` where the store leaves it to the time of sending. */
  readonly timestamp: number
  /** The headers that the store itself gave it. */
  readonly storeHeaders?: RecordHeaders
}

/** A record context with a timestamp. */
export const at = (timestamp: number, more: Partial<RecordContext> = {}): RecordContext => ({
  topic: 'in',
  partition: 0,
  offset: timestamp,
  headers: NO_HEADERS,
  timestamp,
  ...more,
})

/** The part of a task that stores see: owns their state, and records what they log. */
export class StoreTask implements StateStoreContext {
  readonly applicationId = 'app'
  readonly taskId = '0_0'
  readonly partition = 0
  readonly defaultKeySerde = string()
  readonly defaultValueSerde = string()
  recordContext: RecordContext = at(0)
  /** By changelog topic. */
  readonly changelogs = new Map<string, LoggedChange[]>()

  private constructor(
    private readonly folder: string | null,
    readonly state: TaskStorage,
    private readonly stores: readonly ManagedStore[],
    readonly cache: RecordCacheBudget | undefined,
  ) {}

  /** `folder: null` keeps everything in memory; by default it gets a folder of its own. */
  static async open(
    stores: readonly ManagedStore[],
    { folder, cacheBytes }: { folder?: string | null; cacheBytes?: number } = {},
  ): Promise<StoreTask> {
    const own = folder === undefined ? await mkdtemp(join(tmpdir(), 'millrace-')) : folder
    const directory = own === null ? null : join(own, '0_0')
    const state = await TaskStorage.open({
      engine: levelEngine(),
      directory,
      taskId: '0_0',
      stores,
      logger: silentLogger,
      // evicts: the specs of the stores have more in them
      cache: { maxBytes: 4000 },
    })
    const cache = cacheBytes === undefined ? undefined : { maxBytes: cacheBytes, usedBytes: 0 }
    const task = new StoreTask(folder === undefined ? own : null, state, stores, cache)
    for (const store of stores) {
      store.init(task)
      await store.open?.()
    }
    return task
  }

  logChange(
    changelogTopic: string,
    key: Buffer,
    value: Buffer | null,
    timestamp: number | null,
    headers?: RecordHeaders,
  ): void {
    const changes = this.changelogs.get(changelogTopic) ?? []
    this.changelogs.set(changelogTopic, changes)
    changes.push({
      key: Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      timestamp: timestamp!,
      ...(headers && { storeHeaders: headers }),
    })
  }

  /** Of each store that dropped something: why. */
  readonly dropped: string[] = []

  dropRecord(store: string, reason: string): void {
    this.dropped.push(`${store}: ${reason}`)
  }

  prepare(): void {}

  openBytes(store: string) {
    return this.state.bytes(store)
  }

  beforeSeal(write: () => void): void {
    this.state.beforeSeal(write)
  }

  changes(store: string): string[] {
    return (this.changelogs.get(changelogOf(store)) ?? []).map(
      ({ key, value, timestamp }) => `${key.toString()}=${value === null ? null : value.toString()}@${timestamp}`,
    )
  }

  async commit(): Promise<void> {
    for (const store of this.stores) store.flushCache()
    this.state.seal()
    await this.state.commit(new Map())
  }

  async close(): Promise<void> {
    for (const store of this.stores) store.close()
    await this.state.close()
    if (this.folder !== null) await rm(this.folder, { recursive: true })
  }
}

export const changelogOf = (store: string): string => `app-${store}-changelog`

export const build = <S extends StateStore>(builder: StoreBuilder<S>): S & ManagedStore =>
  builder.build(builder.loggingEnabled ? changelogOf(builder.name) : null)

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
