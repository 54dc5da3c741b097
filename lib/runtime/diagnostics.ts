import { type Channel, channel } from 'node:diagnostics_channel'
import type { TaskId } from '../record/task-id'
import type { RestoreEvent, RestoreProgressEvent } from './changelog/restore-progress'
import type { RebalanceEvent } from './executor/rebalance-listener'
import type { StreamsState } from './state-machine'
import type { TaskState } from './tasks/task-state'

/** What is published on the channels of `node:diagnostics_channel`, by their names. Each message also has the `applicationId`. */
export interface DiagnosticsMessages {
  /** The instance has changed its state. */
  'millrace:state': { readonly from: StreamsState; readonly to: StreamsState }
  /** A task has changed its state; a new one begins with `CREATED`, one that moves away ends with `CLOSED`. */
  'millrace:task': { readonly taskId: TaskId; readonly from: TaskState | null; readonly to: TaskState }
  /** Everything that the running tasks had done is committed. */
  'millrace:commit': { readonly tasks: readonly TaskId[]; readonly durationMs: number }
  /** Tasks were assigned to this instance or taken from it. */
  'millrace:rebalance': RebalanceEvent
  /** A restore begins, continues, or is done. */
  'millrace:restore':
    | (RestoreEvent & { readonly phase: 'start' })
    | (RestoreProgressEvent & { readonly phase: 'progress' })
    | (RestoreEvent & { readonly phase: 'end'; readonly durationMs: number })
  /** Something has failed: one task restarts, all of them do, or the instance ends. */
  'millrace:error': {
    readonly error: unknown
    readonly taskId: TaskId | null
    readonly outcome: 'task restarts' | 'all tasks restart' | 'instance ends'
  }
}

const CHANNELS: Readonly<Record<keyof DiagnosticsMessages, Channel>> = {
  'millrace:state': channel('millrace:state'),
  'millrace:task': channel('millrace:task'),
  'millrace:commit': channel('millrace:commit'),
  'millrace:rebalance': channel('millrace:rebalance'),
  'millrace:restore': channel('millrace:restore'),
  'millrace:error': channel('millrace:error'),
}

/** Publishes what an application does, where somebody subscribes. */
export class Diagnostics {
  constructor(private readonly applicationId: string) {}

  /** The message is made only if the channel has subscribers. */
  publish<C extends keyof DiagnosticsMessages>(name: C, message: () => DiagnosticsMessages[C]): void {
    const subscribed = CHANNELS[name]
    if (subscribed.hasSubscribers) subscribed.publish({ applicationId: this.applicationId, ...message() })
  }
}
