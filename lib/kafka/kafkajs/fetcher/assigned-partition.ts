import type { FetchedPartition } from '../../port'
import { tpKey, type TopicPartition } from '../../../record/topic-partition'

/** One assignment of a partition: a new one takes its place on every `assign`, so that answers to the old one are recognized. */
export interface AssignedPartition extends TopicPartition {
  readonly key: string
  /** the next offset to fetch */
  position: number
  /** of the leader that has written what was read before `position`; -1 is not known */
  lastFetchedEpoch: number
  maxBytes: number
  /** a poll waited for its last answer */
  hurried: boolean
  /** a share of a request has been too small for one of its batches */
  largeBatches: boolean
  paused: boolean
  /** part of a request in flight */
  requested: boolean
  /** its leader has to be looked up again */
  stale: boolean
  /** failed for good: waits for a new `assign` */
  halted: boolean
  /** in a row, of fetches and look-ups */
  failures: number
  /** the code of the error that says so, since it was last fetched */
  reportedUnknown: number | undefined
  /** since it was last fetched, a broker has said that it does not exist */
  vanished: boolean
  /** of the leader that it was last fetched from; -1 before that */
  leaderEpoch: number
  /** of the last answer without records */
  caughtUpAt: number | undefined
  buffered: FetchedPartition[]
  bufferedBytes: number
}

/** One that is about to be fetched for the first time, from `position`. */
export const assignedPartition = (
  { topic, partition }: TopicPartition,
  position: number,
  lastFetchedEpoch: number,
  maxBytes: number,
  paused: boolean,
): AssignedPartition => ({
  topic,
  partition,
  key: tpKey(topic, partition),
  position,
  lastFetchedEpoch,
  maxBytes,
  hurried: true,
  largeBatches: false,
  paused,
  requested: false,
  stale: false,
  halted: false,
  failures: 0,
  reportedUnknown: undefined,
  vanished: false,
  leaderEpoch: -1,
  caughtUpAt: undefined,
  buffered: [],
  bufferedBytes: 0,
})
