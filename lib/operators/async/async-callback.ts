import type { AsyncBatchAction, AsyncValueMapper } from '../callbacks'

/** How records are gathered for a call. */
export interface GatherSettings {
  /** The most records of a call. */
  readonly size: number
  /** The longest wait for more. */
  readonly lingerMs: number
}

/** What an async operator calls: for each record, or for several at once. */
export type AsyncCallback =
  | { readonly per: 'record'; readonly call: AsyncValueMapper<never, never, unknown> }
  | {
      readonly per: 'batch'
      readonly call: AsyncBatchAction<never, never>
      /** Called with each record; throws for one that the callback must not get. */
      readonly check: (value: never, key: never, meta: never) => void
      readonly gather: GatherSettings
    }
