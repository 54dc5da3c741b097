import { StreamsError } from '../../errors'
import type { NodeSensor } from '../../observe/metrics/task-sensors'
import type { Serde } from '../../serdes/serde'
import type { StreamPartitioner, TopicNameExtractor } from '../../topology/definition'
import { asError } from '../failure/task-failure'
import { payloadWriter, type PayloadWriter } from '../output/payload-writer'
import type { Child } from './child'
import type { SerdeDefaults } from './source-node'
import type { TaskContext } from './task-context'
import type { StreamRecord } from '../../record/stream-record'

/** Sends records from the task to a topic. */
export class SinkNode implements Child {
  readonly forwardsValuesTo = []
  readonly writeKey: PayloadWriter
  readonly writeValue: PayloadWriter

  constructor(
    readonly name: string,
    private readonly topic: string | TopicNameExtractor<unknown, unknown>,
    readonly keySerde: Serde<unknown>,
    readonly valueSerde: Serde<unknown>,
    readonly partitioner: StreamPartitioner<unknown, unknown> | undefined,
    private readonly task: TaskContext,
    readonly usesDefault: SerdeDefaults,
    private readonly sensor: NodeSensor | undefined,
  ) {
    this.writeKey = payloadWriter(keySerde)
    this.writeValue = payloadWriter(valueSerde)
  }

  readsValues(writtenBy?: Serde<unknown>): boolean {
    return writtenBy !== this.valueSerde || this.partitioner !== undefined || typeof this.topic !== 'string'
  }

  process(record: StreamRecord<unknown, unknown>): void {
    const { topic, task } = this
    this.sensor?.took(record.timestamp)
    const name = typeof topic === 'string' ? topic : this.chosenTopic(topic, record)
    task.takeEffect()
    task.collector.send(this, name, record, task)
  }

  private chosenTopic(
    choose: TopicNameExtractor<unknown, unknown>,
    { key, value }: StreamRecord<unknown, unknown>,
  ): string {
    let topic: unknown
    try {
      topic = choose(key, value, this.task.recordContext)
    } catch (cause) {
      if (cause instanceof StreamsError) throw cause
      throw this.withoutTopic(`failed: ${asError(cause).message}`, cause)
    }
    if (typeof topic !== 'string' || topic === '') throw this.withoutTopic(`returned ${JSON.stringify(topic)}`)
    return topic
  }

  private withoutTopic(what: string, cause?: unknown): StreamsError {
    return new StreamsError(
      'PROCESSING_FAILED',
      `the function that chooses the topic of sink "${this.name}" ${what}: return the name of a topic for each record`,
      { operator: this.name, taskId: this.task.taskId },
      { cause },
    )
  }
}
