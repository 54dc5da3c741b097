import { StreamsError } from '../errors'
import { toMilliseconds } from '../durations'
import type { PeerOptions, QueryOptions } from './query-types'

/** `QueryOptions` with its defaults filled in. */
export interface ResolvedQueryOptions extends Omit<QueryOptions, 'timeout' | 'signal' | 'peers'> {
  readonly timeoutMs: number
  /** Of the key, where the instance that asks has determined it: only there is its partitioner known. */
  readonly partition?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly peers: PeerOptions
}

const DEFAULT_TIMEOUT_MS = 10_000

/** @throws StreamsError INVALID_ARGUMENT */
export const resolveQueryOptions = <K>(options: QueryOptions<K> = {}): ResolvedQueryOptions => {
  if (typeof options !== 'object' || options === null) {
    throw new StreamsError('INVALID_ARGUMENT', `query needs options to be an object, and got ${String(options)}`)
  }
  const { timeout, signal, peers = {}, partitioner, ...rest } = options
  const { isolation } = rest
  if (isolation !== undefined && isolation !== 'latest' && isolation !== 'committed') {
    throw new StreamsError('INVALID_ARGUMENT', `isolation is ${String(isolation)}: give 'latest' or 'committed'`)
  }
  return {
    ...rest,
    ...(partitioner === undefined ? {} : { partitioner: partitioner as NonNullable<QueryOptions['partitioner']> }),
    timeoutMs: timeout === undefined ? DEFAULT_TIMEOUT_MS : toMilliseconds(timeout, 'timeout'),
    signal,
    peers,
  }
}
