import type { RecordCounts } from '../../observe/record-counts'
import type { Problem } from '../../observe/recent-problems'
import { hostText } from '../../host-info'
import type { TaskId } from '../../record/task-id'
import type { RestoreProgressEvent } from '../../runtime/changelog/restore-progress'
import type { HealthOptions } from '../../runtime/health'
import type { KafkaStreams } from '../../runtime/kafka-streams'
import { type Measured, measuredOf } from './measured'

/** What the dashboard shows of an instance: numbers that only grow are totals, of which the page makes rates. */
export interface InstanceState extends Measured {
  readonly host: string | null
  /** When it was read, in milliseconds since 1970. */
  readonly time: number
  readonly state: string
  readonly live: boolean
  readonly ready: boolean
  readonly reasons: readonly string[]
  readonly tasks: readonly InstanceTask[]
  readonly restores: readonly Partial<RestoreProgressEvent>[]
  readonly records: RecordCounts
  readonly problems: readonly Problem[]
  readonly process: ProcessState
}

interface InstanceTask {
  readonly id: TaskId
  readonly state: string
  readonly stores: readonly string[]
  readonly inputs: readonly TaskInput[]
}

interface TaskInput {
  readonly topic: string
  readonly partition: number
  /** The offset up to which, exclusive, records are processed; −1: not known. */
  readonly next: number
  /** The end of the partition; −1: not known. */
  readonly end: number
}

interface ProcessState {
  readonly pid: number
  readonly node: string
  readonly uptimeSeconds: number
  /** User and system time that the process has used. */
  readonly cpuMs: number
  readonly rssBytes: number
  readonly heapUsedBytes: number
}

/** Looks at an instance of this process. */
export class InstanceObserver {
  readonly #restores = new Map<string, Partial<RestoreProgressEvent>>()

  constructor(
    private readonly streams: KafkaStreams,
    private readonly health: HealthOptions,
  ) {
    const keyOf = ({ topic, partition }: { topic: string; partition: number }): string => `${topic}-${partition}`
    streams.on('restoreStart', (event) => this.#restores.set(keyOf(event), event))
    streams.on('restoreProgress', (event) => this.#restores.set(keyOf(event), event))
    streams.on('restoreEnd', (event) => this.#restores.delete(keyOf(event)))
    // a restore of a task that was taken away has no end
    streams.on('rebalance', ({ tasks }) => {
      for (const [key, { taskId }] of this.#restores) if (!tasks.includes(taskId!)) this.#restores.delete(key)
    })
  }

  state(): InstanceState {
    const { streams } = this
    const { queries } = streams
    const { host } = queries.engine
    const { state, live, ready } = streams.health(this.health)
    const stores = new Map(streams.metadataForLocalTasks().map((task) => [task.taskId, task.stores]))
    const { user, system } = process.cpuUsage()
    const { rss, heapUsed } = process.memoryUsage()
    return {
      host: host === undefined ? null : hostText(host),
      time: Date.now(),
      state,
      live: live.ok,
      ready: ready.ok,
      reasons: ready.reasons,
      tasks: queries.progress().map(({ id, state, inputs }) => ({
        id,
        state,
        stores: stores.get(id) ?? [],
        inputs: inputs.map(({ topic, partition, next, endOffset }) => ({ topic, partition, next, end: endOffset })),
      })),
      restores: [...this.#restores.values()],
      records: streams.recordCounts(),
      problems: queries.problems,
      ...measuredOf(streams.metrics()),
      process: {
        pid: process.pid,
        node: process.version,
        uptimeSeconds: Math.round(process.uptime()),
        cpuMs: Math.round((user + system) / 1000),
        rssBytes: rss,
        heapUsedBytes: heapUsed,
      },
    }
  }
}
