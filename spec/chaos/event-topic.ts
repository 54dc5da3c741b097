import { setTimeout as sleep } from 'node:timers/promises'
import type { Admin } from '../../lib/kafka/port'
import type { TopicRecord } from '../support/topics'
import { type Content, Load, type LoadOptions } from './load'
import { eventId, lifeOf } from './workloads/events'
import { PARTITIONS } from './workloads/workload'

export interface EventTopicOptions extends Omit<LoadOptions, 'sources'> {
  readonly admin: Admin
  /** The output so far. */
  copies(): readonly TopicRecord[]
}

const PER_SECOND = 24
/**
 * Until what is written after the topic was created again has come out: an old position is behind the end for long enough to be
 * found out as such, as with any consumer of Kafka. Applications may be away for longer than that takes: after the first few, it is written to slowly.
 */
const PER_SECOND_AT_FIRST = 3
const RECORDS_AT_FIRST = 12
const PER_SECOND_AFTER_THAT = 0.2
const NAME = 'events'

/** The input topic that is deleted and created again, with its load. */
export class EventTopic {
  /** How often it was created. */
  life = 0
  /** It is there, and written to. */
  available = false
  private load: Load | undefined
  private acknowledgedBefore = 0
  private settled = false

  constructor(private readonly options: EventTopicOptions) {}

  get acknowledgedRecords(): number {
    return this.acknowledgedBefore + (this.load?.acknowledgedRecords ?? 0)
  }

  /** Of the topic as it is now. */
  get acknowledged(): readonly Content[] {
    return this.load?.acknowledged.get(NAME) ?? []
  }

  async create(): Promise<void> {
    const { admin, seed } = this.options
    const topic = this.options.topic(NAME)
    // a topic that is being deleted may still be there for a moment
    for (;;) {
      const results = await admin.createTopics([{ topic, partitions: PARTITIONS }])
      if (results.get(topic) === 'created') break
      await sleep(200)
    }
    this.life++
    this.acknowledgedBefore = this.acknowledgedRecords
    this.settled = this.life === 1
    const source = { topic: NAME, perSecond: () => this.perSecond(), next: (n: number) => this.next(n) }
    this.load = new Load({ ...this.options, sources: [source], seed: seed + this.life })
    this.load.start()
    this.available = true
  }

  async delete(): Promise<void> {
    this.available = false
    await this.load?.stop()
    await this.options.admin.deleteTopics([this.options.topic(NAME)])
  }

  async stop(): Promise<void> {
    await this.load?.stop()
  }

  private perSecond(): number {
    this.settled ||=
      new Set(this.options.copies().flatMap(({ key, partition }) => (lifeOf(key!) === this.life ? [partition] : [])))
        .size === PARTITIONS
    if (this.settled) return PER_SECOND
    return this.acknowledged.length < RECORDS_AT_FIRST ? PER_SECOND_AT_FIRST : PER_SECOND_AFTER_THAT
  }

  private next(number: number): Content {
    return [eventId(this.life, number), `event ${number}`]
  }
}
