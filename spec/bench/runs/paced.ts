import { setTimeout as sleep } from 'node:timers/promises'
import type { Producer } from '../../../lib/kafka/port'
import { NO_HEADERS } from '../../../lib/record/headers'
import { partitionFor } from '../../../lib/bytes/murmur2'
import type { Arena } from '../arena'
import { measureUsage } from '../process-stats'
import { untilCommitted } from '../progress'
import { percentile } from '../statistics'
import { readFromStart } from '../topics'
import type { InputRecord } from '../workload'
import type { Measured, Turn, TurnProcesses } from './run'

const SETTLES_MS = 1000
const TICK_MS = 1
const WARM_UP_SHARE = 1 / 3
const ANSWERS_WITHIN_MS = 90_000

/** At a fixed rate. The time of a record is when it is written; that of a result, the one of the record that it is due to. */
export const paced = async (arena: Arena, turn: Turn, processes: TurnProcesses): Promise<Measured> => {
  const { workload, records, applicationId, inputPrefix, settings } = turn
  await processes.start()
  await sleep(SETTLES_MS)
  const inputs = workload.inputs(records)
  const seconds = records / inputs.reduce((sum, { perSecond }) => sum + perSecond!, 0)
  const topics = inputs.map(({ name }) => `${inputPrefix}-${name}`)
  const producer = arena.client.producer({ lingerMs: 0 })
  await producer.init()
  await producer.loadTopics(topics)
  const begin = Date.now()
  const from = begin + seconds * WARM_UP_SHARE * 1000
  const answers = await Answers.listen(arena, `${applicationId}-out`, from)
  try {
    const writers = inputs.map(({ name, perSecond, records }) => {
      const topic = `${inputPrefix}-${name}`
      return new PacedWriter(producer, topic, perSecond!, records()[Symbol.iterator]())
    })
    const write = async (until: number): Promise<void> => {
      for (;;) {
        const now = Date.now()
        for (const writer of writers) writer.writeDue(Math.min(now, until) - begin)
        if (now >= until) return
        processes.requireAlive()
        await sleep(TICK_MS)
      }
    }
    await write(from)
    const endUsage = measureUsage(processes.pids, arena.brokerPid)
    await write(begin + seconds * 1000)
    const usage = endUsage()
    await producer.flush()
    if (workload.run.kind === 'paced' && workload.run.until === 'answered') {
      await answers.until(writers.reduce((sum, { written }) => sum + written, 0))
    } else {
      const watched = {
        applicationId,
        inputs: topics,
        exactlyOnce: settings.guarantee === 'exactly_once',
        requireAlive: () => processes.requireAlive(),
      }
      await untilCommitted(arena.admin, watched, performance.now())
    }
    const latencies = await answers.close()
    if (latencies.length === 0)
      throw new Error(`${applicationId}-out has no result of what was written after the warm-up`)
    const latency = { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) }
    return { seconds: usage.seconds, latency, usage }
  } finally {
    await answers.close()
    await producer.close()
  }
}

class PacedWriter {
  written = 0

  constructor(
    private readonly producer: Producer,
    private readonly topic: string,
    private readonly perSecond: number,
    private readonly records: Iterator<InputRecord>,
  ) {}

  /** What is due that many milliseconds after the beginning. */
  writeDue(elapsedMs: number): void {
    const due = Math.floor((elapsedMs * this.perSecond) / 1000)
    const now = Date.now()
    while (this.written < due) {
      const next = this.records.next()
      if (next.done === true) return
      const { key, value } = next.value
      const keyBytes = Buffer.from(key)
      const partition = partitionFor(keyBytes, this.producer.partitionCount(this.topic)!)
      const valueBytes = typeof value === 'string' ? Buffer.from(value) : value
      this.producer.append(this.topic, partition, keyBytes, valueBytes, now, NO_HEADERS)
      this.written++
    }
  }
}

/** Reads committed results as they come, and how old each of them is. */
class Answers {
  private received = 0
  private readonly latencies: number[] = []
  private open = true
  private failure: Error | undefined
  private readonly reading: Promise<void>

  private constructor(
    private readonly fetcher: ReturnType<Arena['client']['fetcher']>,
    private readonly topic: string,
    private readonly from: number,
  ) {
    this.reading = this.read().catch((error: unknown) => {
      this.failure = error as Error
    })
  }

  /** Counts all of them, and measures those to records written from a time on. */
  static async listen({ client }: Arena, topic: string, from: number): Promise<Answers> {
    return new Answers(await readFromStart(client, [topic], 'read_committed'), topic, from)
  }

  async until(count: number): Promise<void> {
    const deadline = Date.now() + ANSWERS_WITHIN_MS
    while (this.received < count) {
      if (this.failure !== undefined) throw this.failure
      if (Date.now() > deadline) {
        throw new Error(`${this.topic} has ${this.received} of ${count} results after ${ANSWERS_WITHIN_MS / 1000} s`)
      }
      await sleep(20)
    }
  }

  /** In milliseconds. */
  async close(): Promise<Float64Array> {
    this.open = false
    this.fetcher.wakeup()
    await this.reading
    await this.fetcher.close()
    if (this.failure !== undefined) throw this.failure
    return Float64Array.from(this.latencies)
  }

  private async read(): Promise<void> {
    while (this.open) {
      for (const fetched of await this.fetcher.poll(500)) {
        if (fetched.error) throw fetched.error
        // timestamps are cut off to whole milliseconds, half of one on average
        const now = performance.timeOrigin + performance.now() - 0.5
        const cursor = fetched.records()
        while (cursor.advance()) {
          this.received++
          if (cursor.timestamp >= this.from) this.latencies.push(now - cursor.timestamp)
        }
      }
    }
  }
}
