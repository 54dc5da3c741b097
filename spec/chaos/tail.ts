import { setTimeout as sleep } from 'node:timers/promises'
import type { Fetcher, KafkaClient } from '../../lib/kafka/port'
import { tpKey } from '../../lib/record/topic-partition'
import type { TopicRecord } from '../support/topics'
import { PARTITIONS } from './workloads/workload'

/** Reads topics as they grow, what is committed alone. */
export class Tail {
  private readonly records: Map<string, TopicRecord[]>
  private readonly fetcher: Fetcher
  private readonly positions = new Map<string, number>()
  private closed = false
  private readonly reading: Promise<void>

  constructor(
    client: KafkaClient,
    topics: readonly string[],
    private readonly say: (text: string) => void,
  ) {
    this.records = new Map(topics.map((topic) => [topic, []]))
    this.fetcher = client.fetcher({ isolation: 'read_committed' })
    for (const topic of topics) for (let p = 0; p < PARTITIONS; p++) this.fetcher.assign(topic, p, 0)
    this.reading = this.read()
  }

  of(topic: string): readonly TopicRecord[] {
    return this.records.get(topic)!
  }

  async close(): Promise<void> {
    this.closed = true
    this.fetcher.wakeup()
    await this.reading
    await this.fetcher.close()
  }

  private async read(): Promise<void> {
    while (!this.closed) {
      try {
        await this.poll()
      } catch (error) {
        this.say(`reading output failed, and is tried again: ${String(error)}`)
        await sleep(500)
      }
    }
  }

  private async poll(): Promise<void> {
    for (const fetched of await this.fetcher.poll(500)) {
      const { topic, partition } = fetched
      const at = tpKey(topic, partition)
      if (fetched.error) {
        this.say(`reading ${at} failed, and is tried again: ${String(fetched.error)}`)
        this.fetcher.assign(topic, partition, this.positions.get(at) ?? 0)
        continue
      }
      const read = this.records.get(topic)!
      const cursor = fetched.records()
      while (cursor.advance()) {
        const { key, value, timestamp } = cursor
        read.push({ partition, key: text(key), value: text(value), timestamp, headers: [] })
      }
      this.positions.set(at, fetched.nextOffset)
    }
  }
}

const text = (bytes: Buffer | null): string | null => bytes?.toString('latin1') ?? null
