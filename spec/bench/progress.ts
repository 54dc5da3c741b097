import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin } from '../../lib/kafka/port'
import { partitionsOf, READ_BACK } from './topics'
import type { Sample } from './statistics'

export interface Watched {
  readonly applicationId: string
  /** The topics that the group reads, besides its own internal ones. */
  readonly inputs: readonly string[]
  readonly exactlyOnce: boolean
  /** Throws if the application has ended. */
  readonly requireAlive: () => void
  /** How long nothing may be committed. Default: two minutes, as commits come every 30 s at most. */
  readonly stalledMs?: number
}

const POLL_MS = 100

/**
 * Until an application has committed everything that it reads, its repartition topics included: results, changelogs and
 * offsets are on the broker then. Gives how far it had come at what time, and fails when that does not change for too long.
 */
export const untilCommitted = async (
  admin: Admin,
  { applicationId, inputs, exactlyOnce, requireAlive, stalledMs = 120_000 }: Watched,
  since: number,
): Promise<Sample[]> => {
  const internal = (await admin.listTopics()).filter(
    (topic) =>
      (topic.startsWith(`${applicationId}-`) && READ_BACK.test(topic)) ||
      topic.startsWith(`repartition__${applicationId}--`),
  )
  const read = (await partitionsOf(admin, [...inputs, ...internal])).map((each) => ({ ...each, at: 'latest' as const }))
  const samples: Sample[] = [{ at: since, done: 0 }]
  for (let movedAt = performance.now(); ; await sleep(POLL_MS)) {
    requireAlive()
    // in this order: what is committed has written what it has led to
    const committed = await admin.groupOffsets(applicationId)
    const ends = await admin.listOffsets(read, 'read_uncommitted')
    const now = performance.now()
    const offsetOf = (key: string): number => committed.get(key)?.offset ?? 0
    const done = [...ends.keys()].reduce((sum, key) => sum + offsetOf(key), 0)
    if (done > samples.at(-1)!.done) {
      movedAt = now
      samples.push({ at: now, done })
    }
    // one more offset is the marker that ends a transaction
    const marker = (key: string): number => (exactlyOnce && key.startsWith(`${applicationId}-`) ? 1 : 0)
    const behind = [...ends].filter(([key, end]) => end > offsetOf(key) + marker(key))
    if (behind.length === 0) return samples
    if (now - movedAt > stalledMs) {
      const shown = behind.map(([key, end]) => `${key} at ${offsetOf(key)} of ${end}`).join(', ')
      throw new Error(`${applicationId} has committed nothing for ${stalledMs / 1000} s. Missing: ${shown}`)
    }
  }
}
