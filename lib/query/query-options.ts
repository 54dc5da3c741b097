import { StreamsError } from '../errors'
import { toMilliseconds } from '../durations'
import type { QueryOptions } from './query-types'
import type { ResolvedQueryOptions } from './query-engine'

const DEFAULT_TIMEOUT_MS = 10_000

/** @throws StreamsError INVALID_ARGUMENT */
export const resolveQueryOptions = <K>(options: QueryOptions<K> = {}): ResolvedQueryOptions => {
  if (typeof options !== 'object' || options === null) {
    throw new StreamsError('INVALID_ARGUMENT', `query needs options to be an object, and got ${String(options)}`)
  }
  const { timeout, signal, peers = {}, partitioner, ...rest } = options
  return {
    ...rest,
    ...(partitioner === undefined ? {} : { partitioner: partitioner as NonNullable<QueryOptions['partitioner']> }),
    timeoutMs: timeout === undefined ? DEFAULT_TIMEOUT_MS : toMilliseconds(timeout, 'timeout'),
    signal,
    peers,
  }
}
