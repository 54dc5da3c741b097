import { type ErrorLocation, StreamsError } from '../../errors'
import type { NodeSensor } from '../../observe/metrics/task-sensors'
import type { Serde } from '../../serdes/serde'
import { isPromise } from '../../promise'
import type { StreamPartitioner, TopicNameExtractor } from '../../topology/definition'
import { sinkFunctionFailed } from '../failure/sink-function-failed'
import { payloadWriter, type PayloadWriter } from '../output/payload-writer'
import { locationOf } from '../output/sending-task'
import type { Child } from './child'
import type { SerdeDefaults } from './source-node'
import type { TaskContext } from './task-context'
import type { StreamRecord } from '../../record/stream-record'

const CHOOSE_A_TOPIC = 'return the name of a topic for each record'

/** What is told of errors that a sink has met when it could no longer throw them. */
export interface SinkParent {
  failed(thrown: unknown, record: StreamRecord<unknown, unknown>): void
}

export interface SinkNodeOptions {
  readonly name: string
  readonly topic: string | TopicNameExtractor<unknown, unknown>
  readonly keySerde: Serde<unknown>
  readonly valueSerde: Serde<unknown>
  readonly usesDefault: SerdeDefaults
  readonly partitioner: StreamPartitioner<unknown, unknown> | undefined
  readonly task: TaskContext
  readonly sensor: NodeSensor | undefined
  /** The processor that forwards to it; undefined: a source, whose errors no handler decides. */
  readonly parent: SinkParent | undefined
}

/** Sends what one node of the task forwards to a topic. */
export class SinkNode implements Child {
  readonly forwardsValuesTo = []
  readonly name: string
  readonly usesDefault: SerdeDefaults
  readonly partitioner: StreamPartitioner<unknown, unknown> | undefined
  readonly writeKey: PayloadWriter
  readonly writeValue: PayloadWriter
  private readonly topic: string | TopicNameExtractor<unknown, unknown>
  private readonly valueSerde: Serde<unknown>
  private readonly task: TaskContext
  private readonly sensor: NodeSensor | undefined
  private readonly parent: SinkParent | undefined

  constructor(options: SinkNodeOptions) {
    this.name = options.name
    this.usesDefault = options.usesDefault
    this.partitioner = options.partitioner
    this.writeKey = payloadWriter(options.keySerde)
    this.writeValue = payloadWriter(options.valueSerde)
    this.topic = options.topic
    this.valueSerde = options.valueSerde
    this.task = options.task
    this.sensor = options.sensor
    this.parent = options.parent
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

  failed(thrown: unknown, record: StreamRecord<unknown, unknown>): void {
    if (this.parent === undefined) throw thrown
    this.parent.failed(thrown, record)
  }

  private chosenTopic(
    choose: TopicNameExtractor<unknown, unknown>,
    { key, value }: StreamRecord<unknown, unknown>,
  ): string {
    let topic: unknown
    try {
      topic = choose(key, value, this.task.recordContext)
    } catch (thrown) {
      throw sinkFunctionFailed(thrown, `${this.chooser} failed`, CHOOSE_A_TOPIC, this.location)
    }
    if (typeof topic === 'string' && topic !== '') return topic
    const returned = isPromise(topic) ? 'a promise, which is not awaited' : JSON.stringify(topic)
    const what = `${this.chooser} returned ${returned}`
    throw new StreamsError('PROCESSING_FAILED', `${what}: ${CHOOSE_A_TOPIC}`, this.location)
  }

  private get chooser(): string {
    return `the function that chooses the topic of sink "${this.name}"`
  }

  private get location(): ErrorLocation {
    return locationOf(this.name, this.task)
  }
}
