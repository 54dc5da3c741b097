import { StreamsError } from '../../errors'
import type { Admin } from '../../kafka/port'
import type { Logger } from '../../observe/logger'
import type { CompiledTopology } from '../../topology/definition'
import { missingSourceTopics } from '../../topology/partition-counts'
import { retrying } from '../failure/retrying'
import { pause } from '../pause'
import { countSourceTopics } from './source-topics'

const REACHABLE_MS = 60_000
const LOOK_AGAIN_MS = 1000
const SAY_EVERY_MS = 5000

export interface AwaitSourceTopicsOptions {
  readonly admin: Admin
  readonly topology: CompiledTopology
  /** Otherwise it fails if one is missing. */
  readonly mayWait: boolean
  /** Called periodically while it waits. */
  readonly missing: (topics: readonly string[]) => void
  readonly signal: AbortSignal
  readonly logger: Logger
}

/** The source topics' partition counts, once all of them exist. */
export const awaitSourceTopics = async ({
  admin,
  topology,
  mayWait,
  missing,
  signal,
  logger,
}: AwaitSourceTopicsOptions): Promise<Map<string, number>> => {
  let lastSaid = -Infinity
  for (;;) {
    const counts = await retrying('look up source topics', () => countSourceTopics(admin, topology), {
      timeoutMs: REACHABLE_MS,
      signal,
      logger,
    })
    const topics = missingSourceTopics(topology, counts)
    if (topics.length === 0) return counts
    if (!mayWait) throw missingTopicsError(topics)
    if (performance.now() - lastSaid >= SAY_EVERY_MS) {
      lastSaid = performance.now()
      missing(topics)
    }
    await pause(LOOK_AGAIN_MS, signal)
  }
}

export const missingTopicsError = (topics: readonly string[]): StreamsError =>
  new StreamsError(
    'MISSING_SOURCE_TOPIC',
    `source topics that do not exist: ${topics.join(', ')}. Create them, or check their spelling and the right to describe them ` +
      "(missingSourceTopics: 'wait' waits for them)",
    { topic: topics[0]! },
  )
