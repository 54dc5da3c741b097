import { isObject } from '../../arguments'
import { StreamsError } from '../../errors'
import type { StateEngine } from '../state-engine'
import { EntryCaches } from './entry-cache'
import { DEFAULT_TUNING } from './level-database'
import { LevelTaskDatabase } from './level-task-database'
import { TableChecks } from './table-check'

/** How LevelDB keeps the state of a task. */
export interface LevelEngineOptions {
  /** Memory per task for blocks read from disk, in bytes. Raise it if reads of cold keys are slow. Default: 8 MiB. */
  readonly blockCacheBytes?: number
  /**
   * LevelDB sorts writes in memory up to this size, and holds up to two such buffers for each task. Larger ones make a
   * restore faster, and a start after a crash slower. Default: 8 MiB.
   */
  readonly writeBufferBytes?: number
  /** Compress with Snappy. Turn it off if values are already compressed. Default: true. */
  readonly compression?: boolean
  /**
   * Read every table when a task opens, and verify its checksums. Values are checked on every read; only this check finds
   * a key that was damaged on disk, since a read would miss it, and LevelDB aborts the process when it compacts such a table.
   * It takes one to two seconds per GB on disk: turn it off if the file system has its own checksums (ZFS, Btrfs). Default: true.
   */
  readonly verifyOnOpen?: boolean
}

/**
 * State on disk, in one LevelDB per task: the default `stateEngine`. Pass options to tune it.
 *
 * @example
 * const streams = new KafkaStreams(builder.build(), {
 *   applicationId: 'orders-app',
 *   kafka: { brokers: ['localhost:9092'] },
 *   stateEngine: levelEngine({ blockCacheBytes: 64 * 1024 * 1024 }),
 * })
 */
export const levelEngine = (options: LevelEngineOptions = {}): StateEngine => {
  const { verifyOnOpen: verify, ...tuning } = { ...DEFAULTS, ...checked(options) }
  const tableChecks = verify ? new TableChecks() : undefined
  const caches = new EntryCaches()
  return {
    name: 'LevelDB',
    persistent: true,
    open: (database) =>
      LevelTaskDatabase.open({ ...database, tuning, tableChecks, entryCache: caches.of(database.cache) }),
  }
}

const DEFAULTS = { ...DEFAULT_TUNING, verifyOnOpen: true }

const checked = (options: LevelEngineOptions): LevelEngineOptions => {
  if (!isObject(options)) throw invalid(`options are ${String(options)}: give an object, or nothing`)
  for (const [key, value] of Object.entries(options)) {
    const usual: unknown = DEFAULTS[key as keyof typeof DEFAULTS]
    if (usual === undefined) {
      throw invalid(`unknown option ${key}; there are ${Object.keys(DEFAULTS).join(', ')}`)
    }
    if (value === undefined) throw invalid(`${key} is undefined: give it a value, or drop it`)
    if (typeof value !== typeof usual || (typeof value === 'number' && !(Number.isSafeInteger(value) && value > 0))) {
      throw invalid(
        `${key} is ${String(value)}: give ${typeof usual === 'number' ? 'a whole number above 0' : 'true or false'}`,
      )
    }
  }
  return options
}

const invalid = (message: string): StreamsError => new StreamsError('INVALID_CONFIG', `levelEngine: ${message}`)
