import { resolve } from 'node:path'
import type { KafkaConfig } from 'kafkajs'
import { connect } from '../../lib/kafka/client'
import { type KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import type { StreamsConfig } from '../../lib/config/config'
import type { WordCountApp } from './apps/word-count'
import { bundled } from './bundled'
import { App } from './process'
import { NO_HEADERS } from '../../lib/record/headers'
import { tpKey } from '../../lib/record/topic-partition'

export interface WordCountJobOptions {
  readonly kafka: KafkaConfig
  /** Makes topics, group and transactional ids of its own. */
  readonly name: string
  readonly partitions?: number
  readonly replicationFactor?: number
  readonly distinctWords?: number
}

const WORDS_A_LINE = 10

/** The topics of one word count, the words put in with their true counts, the counts that came out, and apps that work on it. */
export class WordCountJob {
  readonly input: string
  readonly output: string
  readonly applicationId: string
  readonly truth = new Map<string, number>()
  readonly partitions: number
  private readonly client: KafkaClient
  private readonly apps: App[] = []
  private seed = 4711

  constructor(private readonly options: WordCountJobOptions) {
    this.applicationId = `${options.name}-${Math.random().toString(36).slice(2, 8)}`
    this.input = `${this.applicationId}-lines`
    this.output = `${this.applicationId}-out`
    this.partitions = options.partitions ?? 4
    this.client = connect(options.kafka, { clientId: `${this.applicationId}-test`, logger: silentLogger })
  }

  async createTopics(): Promise<void> {
    const { partitions, options } = this
    const admin = this.client.admin()
    const replication = options.replicationFactor === undefined ? {} : { replicationFactor: options.replicationFactor }
    await admin.createTopics([
      { topic: this.input, partitions, ...replication },
      { topic: this.output, partitions, ...replication },
    ])
    await admin.close()
  }

  /** Writes that many words, at most `perSecond` if given. */
  async produce(words: number, perSecond = Infinity): Promise<void> {
    const producer = this.client.producer({ lingerMs: 5 })
    await producer.init()
    await producer.loadTopics([this.input])
    const distinct = this.options.distinctWords ?? 1000
    const start = performance.now()
    for (let sent = 0, line = 0; sent < words; line++) {
      const inLine = Math.min(WORDS_A_LINE, words - sent)
      const text: string[] = []
      for (let i = 0; i < inLine; i++) {
        this.seed = (Math.imul(this.seed, 1_103_515_245) + 12_345) & 0x7fffffff
        const word = `w${this.seed % distinct}`
        text.push(word)
        this.truth.set(word, (this.truth.get(word) ?? 0) + 1)
      }
      producer.append(this.input, line % this.partitions, null, Buffer.from(text.join(' ')), Date.now(), NO_HEADERS)
      sent += inLine
      if (!producer.writable) await producer.drained()
      const ahead = (sent / perSecond) * 1000 - (performance.now() - start)
      if (ahead > 20 || line % 1000 === 0) await new Promise((done) => setTimeout(done, Math.max(0, ahead)))
    }
    await producer.flush()
    await producer.close()
  }

  /** Writes lines as they are, to partition 0; they are not in `truth`. */
  async produceLines(lines: readonly string[]): Promise<void> {
    const producer = this.client.producer({ lingerMs: 0 })
    await producer.init()
    await producer.loadTopics([this.input])
    for (const line of lines) producer.append(this.input, 0, null, Buffer.from(line), Date.now(), NO_HEADERS)
    await producer.flush()
    await producer.close()
  }

  /** Reads committed counts, the last one of each word, until `enough` says so. */
  async countsOnce(
    enough: (counts: Map<string, number>) => boolean,
    timeoutMs = 120_000,
  ): Promise<Map<string, number>> {
    const fetcher = this.client.fetcher({ isolation: 'read_committed' })
    const counts = new Map<string, number>()
    const deadline = Date.now() + timeoutMs
    try {
      for (let partition = 0; partition < this.partitions; partition++) fetcher.assign(this.output, partition, 0)
      while (!enough(counts)) {
        if (Date.now() > deadline)
          throw new Error(`the counts were not there after ${timeoutMs} ms: ${this.compare(counts)}`)
        for (const fetched of await fetcher.poll(200)) {
          if (fetched.error) continue
          const cursor = fetched.records()
          while (cursor.advance()) {
            const word = cursor.key!.toString()
            if (/^(slow|await|throw):/.test(word)) continue
            counts.set(word, Number(cursor.value!.readBigInt64BE(0)))
          }
        }
      }
      return counts
    } finally {
      await fetcher.close()
    }
  }

  /** Until every count is at least the true one; then gives what is over. */
  async overcounts(timeoutMs?: number): Promise<Map<string, number>> {
    const counts = await this.countsOnce((now) => this.reached(now), timeoutMs)
    return new Map([...counts].flatMap(([word, count]) => (count === this.truth.get(word) ? [] : [[word, count]])))
  }

  /** What the group has committed, summed over the input. */
  async committedOffsets(): Promise<number> {
    const admin = this.client.admin()
    const offsets = await admin.groupOffsets(this.applicationId)
    await admin.close()
    let sum = 0
    for (let p = 0; p < this.partitions; p++) sum += offsets.get(tpKey(this.input, p))?.offset ?? 0
    return sum
  }

  startApp(config: Partial<StreamsConfig>, kafka: KafkaConfig = this.options.kafka): App {
    const settings: WordCountApp = {
      input: this.input,
      output: this.output,
      config: { applicationId: this.applicationId, kafka, producer: { linger: 5 }, ...config },
    }
    const app = new App(bundled(resolve(__dirname, 'apps/word-count.ts')), {
      env: { WORD_COUNT: JSON.stringify(settings) },
    })
    this.apps.push(app)
    return app
  }

  async close(): Promise<void> {
    await Promise.all(this.apps.filter((app) => app.running).map((app) => app.kill()))
    await this.client.close()
  }

  private reached(counts: ReadonlyMap<string, number>): boolean {
    if (counts.size < this.truth.size) return false
    for (const [word, count] of this.truth) if ((counts.get(word) ?? 0) < count) return false
    return true
  }

  private compare(counts: ReadonlyMap<string, number>): string {
    const short = [...this.truth].filter(([word, count]) => (counts.get(word) ?? 0) < count)
    return `${short.length} of ${this.truth.size} words are short, such as ${short
      .slice(0, 3)
      .map(([word, count]) => `${word} ${counts.get(word) ?? 0} of ${count}`)
      .join(', ')}`
  }
}
