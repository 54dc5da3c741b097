import { COUNT, either, kind, NAME, optional, options } from '../../arguments'
import { type Duration, toMilliseconds } from '../../durations'
import type { BatchSettings } from '../../operators/batch/batch-operator'
import { ASYNC_KINDS, type AsyncOptions, asyncSettings } from './async-options'

/** How a stream is divided into batches, and how the calls for them are made. The name also names the changelog: `<application id>-<name>-pending-changelog`. */
export interface Batched<K, V> extends Pick<
  AsyncOptions<K, V>,
  'name' | 'timeout' | 'retry' | 'onError' | 'maxBytes' | 'pending'
> {
  /**
   * Records of a batch. It has a few more where several of them come from one input record, which stay together, and fewer after `interval`,
   * or where `maxBytes` are held. Default: 500.
   */
  size?: number
  /** A batch that is not full waits no longer than this for more records, and not at all at the end of a bounded run. Default: 1 s. */
  interval?: Duration
}

const INTERVAL = kind("milliseconds as a number above 0, or text such as '250ms', '30s' or '5m'", (value) => {
  try {
    return toMilliseconds(value as number, '') > 0
  } catch {
    return false
  }
})

export const BATCHED = optional(
  either(
    NAME,
    options<Batched<unknown, unknown>>({
      name: ASYNC_KINDS.name,
      timeout: ASYNC_KINDS.timeout,
      retry: ASYNC_KINDS.retry,
      onError: ASYNC_KINDS.onError,
      maxBytes: ASYNC_KINDS.maxBytes,
      pending: ASYNC_KINDS.pending,
      size: COUNT,
      interval: INTERVAL,
    }),
  ),
)

const DEFAULT_SIZE = 500
/** Batches that a task holds: one is being written while others fill. */
const HELD_BATCHES = 4

export function batchSettings({
  size = DEFAULT_SIZE,
  interval = '1s',
  ...given
}: Batched<never, never>): BatchSettings {
  const { timeoutMs, retry, onError, maxBytes } = asyncSettings(given)
  return {
    size,
    intervalMs: toMilliseconds(interval, 'interval'),
    timeoutMs,
    retry,
    onError,
    maxRecords: HELD_BATCHES * size,
    maxBytes,
  }
}
