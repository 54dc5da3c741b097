import { setTimeout as sleep } from 'node:timers/promises'
import { Random } from '../differential/random'
import { partitionFor } from '../../lib/bytes/murmur2'
import type { KafkaClient, Producer } from '../../lib/kafka/port'
import { NO_HEADERS } from '../../lib/record/headers'
import { ACCOUNTS, type Transfer } from './workloads/bank'
import { JOIN_KEYS } from './workloads/join'
import { PARTITIONS } from './workloads/workload'

/** Key and value of a record. */
export type Content = readonly [key: string, value: string]

/** What is written to one topic. Each record is like no other. */
export interface Source {
  readonly topic: string
  perSecond(): number
  next(number: number, random: Random): Content
}

const WORDS = 200
const WORDS_A_LINE = 6

export const SOURCES: readonly Source[] = [
  {
    topic: 'transfers',
    perSecond: () => 25,
    next(number, random) {
      const from = random.pick(ACCOUNTS)
      const to = random.pick(ACCOUNTS.filter((account) => account !== from))
      const transfer: Transfer = { from, to, amount: random.between(1, 100) }
      return [`t${number}`, JSON.stringify(transfer)]
    },
  },
  {
    topic: 'lines',
    perSecond: () => 20,
    next(number, random) {
      const words = Array.from({ length: WORDS_A_LINE }, () => `w${random.below(WORDS)}`)
      return [`line ${number}`, words.join(' ')]
    },
  },
  ...['left', 'right'].map((topic): Source => ({
    topic,
    perSecond: () => 12,
    next: (number, random) => [random.pick(JOIN_KEYS), `${topic[0]}${number}`],
  })),
]

const TICK_MS = 100
/** More is not written ahead of a cluster that does not answer. */
const MAX_PENDING_FLUSHES = 20

export interface LoadOptions {
  readonly client: KafkaClient
  readonly sources: readonly Source[]
  readonly seed: number
  /** Gives the full name of a topic. */
  topic(name: string): string
  say(text: string): void
}

/** Writes to topics at a steady rate, and knows what was acknowledged. */
export class Load {
  /** By the short name of the topic. */
  readonly acknowledged = new Map<string, Content[]>()
  acknowledgedRecords = 0
  private readonly random: Random
  private readonly numbers = new Map<string, number>()
  private readonly due = new Map<string, number>()
  private readonly stopping = new AbortController()
  private pending = 0
  private running: Promise<void> | undefined

  constructor(private readonly options: LoadOptions) {
    this.random = new Random(options.seed)
    for (const { topic } of options.sources) this.acknowledged.set(topic, [])
  }

  start(): void {
    this.running = this.run()
  }

  /** Resolves when all that was written is acknowledged, or has failed. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await this.running
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      let producer: Producer | undefined
      try {
        producer = this.options.client.producer({ lingerMs: 5 })
        await producer.init()
        await producer.loadTopics(this.options.sources.map(({ topic }) => this.options.topic(topic)))
        await this.write(producer)
      } catch (error) {
        this.options.say(`the producer of input failed, another one follows: ${String(error)}`)
        await sleep(500)
      } finally {
        await producer?.close().catch(() => {})
      }
    }
  }

  private async write(producer: Producer): Promise<void> {
    let last = performance.now()
    let failure: { error: unknown } | undefined
    while (!this.stopping.signal.aborted) {
      await sleep(TICK_MS)
      const now = performance.now()
      const seconds = Math.min(1, (now - last) / 1000)
      last = now
      if (failure) throw failure.error
      if (this.pending >= MAX_PENDING_FLUSHES || !producer.writable) continue
      const written = this.options.sources.flatMap((source) => this.append(producer, source, seconds))
      this.pending++
      producer.flush().then(
        () => {
          this.pending--
          this.acknowledgedRecords += written.length
          for (const [topic, content] of written) this.acknowledged.get(topic)!.push(content)
        },
        (error: unknown) => {
          this.pending--
          failure = { error }
        },
      )
    }
    await producer.flush()
    while (this.pending > 0) await sleep(1)
  }

  private append(producer: Producer, source: Source, seconds: number): Array<[topic: string, content: Content]> {
    const { topic } = source
    const due = (this.due.get(topic) ?? 0) + source.perSecond() * seconds
    const whole = Math.floor(due)
    this.due.set(topic, due - whole)
    return Array.from({ length: whole }, () => {
      const number = this.numbers.get(topic) ?? 0
      this.numbers.set(topic, number + 1)
      const content = source.next(number, this.random)
      const [key, value] = content.map((text) => Buffer.from(text))
      const partition = partitionFor(key!, PARTITIONS)
      producer.append(this.options.topic(topic), partition, key!, value!, Date.now(), NO_HEADERS)
      return [topic, content]
    })
  }
}
