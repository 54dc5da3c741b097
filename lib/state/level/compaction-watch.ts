import type { Logger } from '../../observe/logger'

/** From this many uncompacted tables on LevelDB delays each write, by a millisecond. */
const SLOW_FROM = 8
/** With this many LevelDB holds writes up until it has compacted some. */
const STOPPED_FROM = 12

const LOOK_EVERY_MS = 10_000
const WARN_EVERY_MS = 60_000

export interface CompactionWatchOptions {
  readonly taskId: string
  readonly directory: string
  readonly logger: Pick<Logger, 'warn'>
  /** How many tables LevelDB has not compacted yet. */
  readonly uncompacted: () => number
}

/**
 * Warns when LevelDB compacts less than is written. It bounds that by itself: it delays writes, then holds them up. The event
 * loop does not wait for it, commits do.
 */
export class CompactionWatch {
  #lastLook = -Infinity
  #lastWarning = -Infinity

  constructor(private readonly options: CompactionWatchOptions) {}

  /** After each commit; asks LevelDB only now and then. */
  committed(): void {
    const now = performance.now()
    if (now - this.#lastLook < LOOK_EVERY_MS) return
    this.#lastLook = now
    const { taskId, directory, logger, uncompacted } = this.options
    const tables = uncompacted()
    if (tables < SLOW_FROM || now - this.#lastWarning < WARN_EVERY_MS) return
    this.#lastWarning = now
    logger.warn(
      { taskId, directory, uncompactedTables: tables },
      `LevelDB falls behind with compacting the state of task ${taskId}: ${tables} tables wait in ${directory}. ` +
        `From ${SLOW_FROM} on it delays commits, with ${STOPPED_FROM} it holds them up. Give the instance a faster disk or ` +
        'another core, spread its tasks over more instances, or raise writeBufferBytes of levelEngine()',
    )
  }
}
