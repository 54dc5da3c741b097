import { either, type Kind, oneOf, options, POSITIVE_DURATION } from '../../arguments'
import { type Duration, toMilliseconds } from '../../durations'

/** After what time the rows of a store expire. */
export interface StoreExpiry {
  /** How long a row is kept that is not used. */
  readonly after: Duration
  /**
   * What counts as use: `write`, updates only; `access`, also each `get` of a row by an operator or a processor. Scans,
   * interactive queries and reads of a test driver don't count. Default: `write`.
   */
  readonly from?: 'write' | 'access'
}

export const STORE_EXPIRY_KINDS: Readonly<Record<keyof StoreExpiry, Kind>> = {
  after: POSITIVE_DURATION,
  from: oneOf('write', 'access'),
}

export const STORE_TTL = either(POSITIVE_DURATION, options<StoreExpiry>(STORE_EXPIRY_KINDS, ['after']))

/** A ttl in its long form. */
export const expiryFrom = <E extends StoreExpiry>(ttl: Duration | E): E | StoreExpiry =>
  typeof ttl === 'object' ? ttl : { after: ttl }

/** A ttl as it runs. */
export interface ResolvedExpiry {
  readonly afterMs: number
  /** Reads keep a row, too. */
  readonly onAccess: boolean
}

export const resolveExpiry = (ttl: Duration | StoreExpiry): ResolvedExpiry => {
  const { after, from } = expiryFrom(ttl)
  return { afterMs: toMilliseconds(after, 'ttl'), onAccess: from === 'access' }
}
