import type { KafkaConnection } from '../../../../lib/kafka/kafkajs/connection/connection'
import type { FetchArguments, FetchTarget } from '../../../../lib/kafka/kafkajs/fetcher/fetch-request'
import { createBackoff } from '../../../../lib/kafka/kafkajs/connection/backoff'
import type { Frame } from '../../../../lib/kafka/kafkajs/protocol/frame'
import { ResponseMemory } from '../../../../lib/kafka/kafkajs/protocol/response-memory'
import { WireReader, WireWriter } from '../../../../lib/kafka/kafkajs/protocol/wire'
import type { Logger } from '../../../../lib/observe/logger'
import { sleep } from '../../../../lib/kafka/kafkajs/connection/backoff'

export interface FetchSeen extends Omit<FetchArguments, 'targets'> {
  readonly leader: number
  readonly targets: readonly FetchTarget[]
}

export interface PartAnswer {
  readonly errorCode?: number
  readonly records?: Buffer
  readonly highWatermark?: number
  readonly lastStableOffset?: number
  /** Of the leader's log, from what was read before. */
  readonly divergesAt?: number
}

type Answers = Record<string, PartAnswer>

interface Pending {
  readonly request: FetchSeen
  answer(parts: Answers): void
  fail(error: Error): void
}

/** Leaders whose fetches stay pending until a test answers them; metadata is what the test says. */
export class ScriptedLeaders {
  /** by `topic-partition` */
  readonly leaders = new Map<string, number>()
  /** by `topic-partition`; default 0 */
  readonly epochs = new Map<string, number>()
  readonly topics = new Map<string, { errorCode: number; partitions: unknown[] }>()
  readonly pending: Pending[] = []
  readonly logged: string[] = []
  readonly memory = new ResponseMemory()
  refreshes = 0
  refresh: () => void = () => {}
  private readonly closing = new AbortController()
  private arrivals: Array<() => void> = []

  /** The next fetch that has no answer yet. */
  async nextFetch(): Promise<Pending> {
    while (this.pending.length === 0) await new Promise<void>((resolve) => this.arrivals.push(resolve))
    return this.pending.shift()!
  }

  get connection(): KafkaConnection {
    const { closing } = this
    const backoff = createBackoff({ initialRetryTime: 1, maxRetryTime: 1 })
    const log = (_: object, message: string): void => void this.logged.push(message)
    const connection = {
      requestTimeoutMs: 1_000,
      logger: { debug: log, info: log, warn: log, error: log } satisfies Logger,
      backoff,
      memory: this.memory,
      signal: closing.signal,
      get closed() {
        return closing.signal.aborted
      },
      leader: (topic: string, partition: number) => {
        const leader = this.leaders.get(`${topic}-${partition}`)
        const leaderEpoch = this.epochs.get(`${topic}-${partition}`) ?? 0
        return leader === undefined ? undefined : { leader, leaderEpoch }
      },
      topic: (topic: string) => this.topics.get(topic),
      watch: () => {},
      unwatch: () => {},
      pause: (attempt: number) => sleep(backoff.delay(attempt), closing.signal),
      refreshMetadata: async () => {
        this.refreshes++
        this.refresh()
      },
      send: <T>(leader: number, frame: Frame<T>) => this.send(leader, frame),
      close: () => closing.abort(),
    }
    return connection as unknown as KafkaConnection
  }

  private send<T>(leader: number, frame: Frame<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.pending.push({
        request: readRequest(leader, frame.encode().buffer),
        answer: (parts) => resolve(frame.decode(encodeAnswer(parts))),
        fail: reject,
      })
      for (const arrived of this.arrivals.splice(0)) arrived()
    })
  }
}

const readRequest = (leader: number, body: Buffer): FetchSeen => {
  const r = new WireReader(body)
  r.tags() // of the header
  r.int32() // replica
  const [maxWaitMs, minBytes, maxBytes] = [r.int32(), r.int32(), r.int32()]
  const isolation = r.int8() === 1 ? 'read_committed' : 'read_uncommitted'
  expect([r.int32(), r.int32()]).toEqual([0, -1]) // no session
  const targets = r
    .compactArray(() => {
      const topic = r.compactString()
      const targetsOfTopic = r.compactArray((): FetchTarget => {
        const [partition, leaderEpoch, position, lastFetchedEpoch] = [r.int32(), r.int32(), r.int64(), r.int32()]
        r.int64() // log start offset
        const maxBytes = r.int32()
        r.tags()
        return { topic, partition, leaderEpoch, position, lastFetchedEpoch, maxBytes }
      })
      r.tags()
      return targetsOfTopic
    })
    .flat()
  expect([r.compactArray(() => {}), r.compactString()]).toEqual([[], ''])
  r.tags()
  expect(r.position).toBe(body.length)
  return { leader, maxWaitMs, minBytes, maxBytes, isolation, targets }
}

const DIVERGING_EPOCH = 0

const encodeAnswer = (parts: Answers): Buffer => {
  const w = new WireWriter().tags().int32(0).int16(0).int32(0)
  w.compactArray(Object.entries(parts), ([key, part]) => {
    const [, topic, partition] = /^(.*)-(\d+)$/.exec(key)!
    const { errorCode = 0, records = null, highWatermark = 100, lastStableOffset = highWatermark, divergesAt } = part
    w.compactString(topic!).compactArray([0], () => {
      w.int32(Number(partition)).int16(errorCode).int64(highWatermark).int64(lastStableOffset).int64(0)
      w.compactArray([], () => {})
        .int32(-1)
        .compactBytes(records)
      if (divergesAt === undefined) return w.tags()
      const divergence = new WireWriter().int32(0).int64(divergesAt).tags().buffer
      return w.uvarint(1).uvarint(DIVERGING_EPOCH).uvarint(divergence.length).raw(divergence)
    })
    w.tags()
  })
  return Buffer.from(w.tags().buffer)
}
