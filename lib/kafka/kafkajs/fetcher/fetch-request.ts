import type { Isolation } from '../../port'
import { rigid, type Frame } from '../protocol/frame'
import type { AbortedTransaction } from '../records/record-batch-decoder'

export interface FetchTarget {
  readonly topic: string
  readonly partition: number
  readonly position: number
  readonly maxBytes: number
}

export interface FetchArguments {
  readonly maxWaitMs: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly isolation: Isolation
  readonly targets: readonly FetchTarget[]
}

export interface FetchedPart {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  /** Under `read_committed`, in no order. */
  readonly aborted: readonly AbortedTransaction[]
  /** A view of the response. */
  readonly records: Buffer
}

export interface FetchResult {
  readonly errorCode: number
  readonly parts: readonly FetchedPart[]
}

const FETCH = { key: 1, version: 11, name: 'Fetch' }
const NO_RECORDS = Buffer.alloc(0)
const CONSUMER = -1
const NO_SESSION_ID = 0
const NO_SESSION_EPOCH = -1
/** The broker does not compare leader epochs: a leader that has moved answers NOT_LEADER_OR_FOLLOWER anyway. */
const ANY_EPOCH = -1

/** v11: the last before flexible versions. Whole requests, no fetch session (KIP-227). */
export const fetchFrame = (fetch: FetchArguments): Frame<FetchResult> =>
  rigid(
    FETCH,
    (w) => {
      w.int32(CONSUMER).int32(fetch.maxWaitMs).int32(fetch.minBytes).int32(fetch.maxBytes)
      w.int8(fetch.isolation === 'read_committed' ? 1 : 0)
      w.int32(NO_SESSION_ID).int32(NO_SESSION_EPOCH)
      w.array(runsOfTopics(fetch.targets), (run) => {
        w.string(run[0]!.topic).array(run, ({ partition, position, maxBytes }) => {
          w.int32(partition).int32(ANY_EPOCH).int64(position).int64(-1).int32(maxBytes)
        })
      })
      w.array([], () => {}).string('') // nothing to forget; no rack
    },
    (r) => {
      r.int32() // throttle time
      const errorCode = r.int16()
      r.int32() // session id
      const parts: FetchedPart[] = []
      r.array(() => {
        const topic = r.string()
        r.array(() => {
          const head = { partition: r.int32(), errorCode: r.int16(), highWatermark: r.int64() }
          const offsets = { lastStableOffset: r.int64(), logStartOffset: r.int64() }
          const aborted = r.array(() => ({ producerId: r.int64(), firstOffset: r.int64() }))
          r.int32() // preferred read replica: only where a rack was given
          parts.push({ topic, ...head, ...offsets, aborted, records: r.nullableBytes() ?? NO_RECORDS })
        })
      })
      return { errorCode, parts }
    },
  )

/** In the order given, which is the order in which the broker fills its response up to `maxBytes`. */
const runsOfTopics = (targets: readonly FetchTarget[]): FetchTarget[][] => {
  const runs: FetchTarget[][] = []
  for (const target of targets) {
    const run = runs.at(-1)
    if (run && run[0]!.topic === target.topic) run.push(target)
    else runs.push([target])
  }
  return runs
}
