import type { Isolation } from '../../port'
import { flex, type Frame } from '../protocol/frame'
import type { WireReader } from '../protocol/wire'
import type { AbortedTransaction } from '../records/record-batch-decoder'

export interface FetchTarget {
  readonly topic: string
  readonly partition: number
  readonly position: number
  /** Of the leader that is asked: another one refuses. −1: any may answer. */
  readonly leaderEpoch: number
  /** Of the leader that has written what was read before `position`; −1 is not known. */
  readonly lastFetchedEpoch: number
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
  /** Where what was read before `position` and the leader's log part; −1 where they don't. */
  readonly divergesAt: number
  /** A view of the response. */
  readonly records: Buffer
}

export interface FetchResult {
  readonly errorCode: number
  readonly parts: readonly FetchedPart[]
  /** What the records of all parts lie in. */
  readonly memory: ArrayBufferLike
}

const FETCH = { key: 1, version: 12, name: 'Fetch' }
const NO_RECORDS = Buffer.alloc(0)
const CONSUMER = -1
const NO_SESSION_ID = 0
const NO_SESSION_EPOCH = -1
/** A tagged field of a partition in the response. */
const DIVERGING_EPOCH = 0

/** v12: the first that names the epoch of what was read before, the last that names topics by name. Whole requests, no fetch session (KIP-227). */
export const fetchFrame = (fetch: FetchArguments): Frame<FetchResult> =>
  flex(
    FETCH,
    (w) => {
      w.int32(CONSUMER).int32(fetch.maxWaitMs).int32(fetch.minBytes).int32(fetch.maxBytes)
      w.int8(fetch.isolation === 'read_committed' ? 1 : 0)
      w.int32(NO_SESSION_ID).int32(NO_SESSION_EPOCH)
      w.compactArray(runsOfTopics(fetch.targets), (run) => {
        w.compactString(run[0]!.topic)
        w.compactArray(run, ({ partition, leaderEpoch, position, lastFetchedEpoch, maxBytes }) => {
          w.int32(partition).int32(leaderEpoch).int64(position).int32(lastFetchedEpoch).int64(-1).int32(maxBytes).tags()
        }).tags()
      })
      w.compactArray([], () => {}).compactString('') // nothing to forget; no rack
    },
    (r) => {
      r.int32() // throttle time
      const errorCode = r.int16()
      r.int32() // session id
      const parts: FetchedPart[] = []
      r.compactArray(() => {
        const topic = r.compactString()
        r.compactArray(() => {
          const head = { partition: r.int32(), errorCode: r.int16(), highWatermark: r.int64() }
          const offsets = { lastStableOffset: r.int64(), logStartOffset: r.int64() }
          const aborted = r.compactArray(() => {
            const transaction = { producerId: r.int64(), firstOffset: r.int64() }
            r.tags()
            return transaction
          })
          r.int32() // preferred read replica: only where a rack was given
          const records = r.nullableCompactBytes() ?? NO_RECORDS
          parts.push({ topic, ...head, ...offsets, aborted, records, divergesAt: divergesAt(r) })
        })
        r.tags()
      })
      return { errorCode, parts, memory: r.buffer.buffer }
    },
  )

/** Reads the tagged fields of a partition. */
const divergesAt = (r: WireReader): number => {
  let offset = -1
  r.tags((tag, field) => {
    if (tag !== DIVERGING_EPOCH) return
    field.int32() // the largest epoch that both know
    offset = field.int64()
  })
  return offset
}

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
