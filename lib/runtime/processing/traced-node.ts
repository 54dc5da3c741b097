import type { RecordTracing } from '../../observe/tracing'
import type { StreamRecord } from '../../record/stream-record'
import type { TaskId } from '../../record/task-id'
import type { Serde } from '../../serdes/serde'
import { unwrap } from '../failure/task-failure'
import type { Child } from './child'
import type { SourceNode } from './source-node'
import type { TaskContext } from './task-context'

/** Between a source and its children: what they do with a record is traced. */
class TracedChildren implements Child {
  constructor(
    readonly name: string,
    readonly forwardsValuesTo: readonly Child[],
    private readonly tracing: RecordTracing,
    private readonly task: TaskContext,
  ) {}

  readsValues(): boolean {
    return false
  }

  process(record: StreamRecord<unknown, unknown>): void {
    const { applicationId, recordContext } = this.task
    const { topic, partition, offset, headers } = recordContext
    const taskId = this.task.taskId as TaskId
    let failure: { readonly thrown: unknown } | undefined
    this.tracing.process({ applicationId, taskId, topic: topic!, partition, offset, headers }, () => {
      try {
        for (const child of this.forwardsValuesTo) child.process(record)
      } catch (thrown) {
        failure = { thrown }
        return unwrap(thrown)
      }
      return undefined
    })
    if (failure !== undefined) throw failure.thrown
  }
}

/** In front of a sink: what is written says which trace it belongs to. */
class TracedSink implements Child {
  readonly name: string
  readonly forwardsValuesTo = []

  constructor(
    private readonly sink: Child,
    private readonly tracing: RecordTracing,
    private readonly task: TaskContext,
  ) {
    this.name = sink.name
  }

  readsValues(writtenBy?: Serde<unknown>): boolean {
    return this.sink.readsValues(writtenBy)
  }

  process(record: StreamRecord<unknown, unknown>): void {
    // a record that another one has released belongs to the trace of its own headers
    const headers = this.task.isEntered ? this.tracing.inject(record.headers) : record.headers
    this.sink.process(headers === record.headers ? record : record.withHeaders(headers))
  }
}

/** After its children are linked. */
export const traceSource = (source: SourceNode, task: TaskContext): void => {
  const { tracing } = task.config
  const { children, name } = source
  if (tracing === undefined) return
  children.push(new TracedChildren(name, children.splice(0), tracing, task))
}

export const tracedSink = (sink: Child, task: TaskContext): Child => {
  const { tracing } = task.config
  return tracing === undefined ? sink : new TracedSink(sink, tracing, task)
}
