import {
  BOOLEAN,
  callback,
  DURATION,
  either,
  isObject,
  kind,
  OBJECT,
  oneOf,
  options as optionsOf,
  requireArgument,
  SIGNAL,
} from '../arguments'
import { toMilliseconds } from '../durations'
import type { KeyMetadataOptions, PeerOptions, Position, QueryOptions } from './query-types'

/** `QueryOptions` with its defaults filled in. */
export interface ResolvedQueryOptions extends Omit<QueryOptions, 'timeout' | 'signal' | 'peers' | 'partitions'> {
  readonly timeoutMs: number
  readonly partitions?: readonly number[] | undefined
  readonly signal?: AbortSignal | undefined
  readonly peers: PeerOptions
}

const DEFAULT_TIMEOUT_MS = 10_000

const areOffsets = (offsets: unknown): boolean =>
  isObject(offsets) && Object.values(offsets).every(Number.isSafeInteger)

export const isPosition = (value: unknown): value is Position =>
  isObject(value) && Object.values(value).every(areOffsets)

export const PEER_OPTIONS = optionsOf<PeerOptions>({
  path: kind("a path, such as '/millrace'", (value) => typeof value === 'string'),
  headers: OBJECT,
  tls: either(BOOLEAN, kind('options of node:tls', isObject)),
})

const PARTITIONS = kind(
  'numbers of partitions, such as [0, 3]',
  (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((partition) => Number.isInteger(partition) && partition >= 0),
)

const PARTITIONER = callback('a partitioner, as a function')

export const KEY_METADATA_OPTIONS = optionsOf<KeyMetadataOptions>({ partitioner: PARTITIONER })

const QUERY_OPTIONS = optionsOf<QueryOptions>({
  allowStale: BOOLEAN,
  atLeast: kind('offsets by topic and partition, such as { orders: { 0: 41 } }', isPosition),
  isolation: oneOf('latest', 'committed'),
  local: BOOLEAN,
  partitions: PARTITIONS,
  partitioner: PARTITIONER,
  timeout: DURATION,
  signal: SIGNAL,
  peers: PEER_OPTIONS,
})

/** @throws StreamsError INVALID_ARGUMENT */
export const resolveQueryOptions = <K>(options: QueryOptions<K> = {}): ResolvedQueryOptions => {
  requireArgument(options, QUERY_OPTIONS, 'query()', 'options')
  const { timeout, signal, peers = {}, partitions, partitioner, ...rest } = options
  return {
    ...rest,
    ...(partitioner === undefined ? {} : { partitioner: partitioner as NonNullable<QueryOptions['partitioner']> }),
    timeoutMs: timeout === undefined ? DEFAULT_TIMEOUT_MS : toMilliseconds(timeout, 'timeout'),
    partitions: partitions && [...new Set(partitions)],
    signal,
    peers,
  }
}
