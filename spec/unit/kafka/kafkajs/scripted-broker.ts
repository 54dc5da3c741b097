import { createBackoff } from '../../../../lib/kafka/kafkajs/connection/backoff'
import type { KafkaConnection } from '../../../../lib/kafka/kafkajs/connection/connection'
import type { Frame } from '../../../../lib/kafka/kafkajs/protocol/frame'
import { WireReader, WireWriter } from '../../../../lib/kafka/kafkajs/protocol/wire'
import { silentLogger } from '../../../../lib/observe/logger'

export interface SentBatch {
  readonly partition: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly records: number
}

type Answer = { errorCode: number; baseOffset?: number } | Error

const PRODUCE = 0

/** A connection to one broker whose answers a test decides on, batch by batch; it leads every partition. */
export class ScriptedBroker {
  readonly sent: SentBatch[] = []
  /** What the client has warned of. */
  readonly warnings: object[] = []
  /** default: appends, in the order in which the batches come */
  answer: (batch: SentBatch) => Answer = () => this.append()
  /** Requests get their answers only after a `disconnect`, as failures. */
  silent = false
  private readonly unanswered: Array<(cause: Error) => void> = []
  /** The error code with which the transaction coordinator answers a request; default: success */
  coordinate: (apiName: string) => number | Promise<number> = () => 0
  /** The requests to the transaction coordinator, by name. */
  readonly coordinated: string[] = []
  /** How often metadata was asked for. */
  refreshes = 0
  private nextOffset = 0
  private nextEpoch = 0
  private readonly closing = new AbortController()

  get connection(): KafkaConnection {
    const { closing } = this
    const connection = {
      requestTimeoutMs: 1_000,
      logger: { ...silentLogger, warn: (fields: object) => void this.warnings.push(fields) },
      backoff: createBackoff({ initialRetryTime: 1, maxRetryTime: 1 }),
      signal: closing.signal,
      get closed() {
        return closing.signal.aborted
      },
      leader: () => ({ leader: 1, leaderEpoch: 0 }),
      watch: () => {},
      refreshMetadata: async () => void this.refreshes++,
      send: <T>(_node: number, frame: Frame<T>) => this.send(frame),
      sendToAny: async () => ({ errorCode: 0, producerId: 7n, producerEpoch: 0 }),
      sendToCoordinator: async (_kind: string, _key: string, { apiName }: Frame<unknown>) => {
        this.coordinated.push(apiName)
        const errorCode = await this.coordinate(apiName)
        return { errorCode, failed: undefined, producerId: 7n, producerEpoch: this.nextEpoch++ }
      },
      forgetCoordinator: () => {},
      pause: () => new Promise((resolve) => setTimeout(resolve, 10)),
      disconnect: (cause: Error) => {
        for (const fail of this.unanswered.splice(0)) fail(cause)
      },
      close: () => closing.abort(),
    }
    return connection as unknown as KafkaConnection
  }

  append(records = 1): { errorCode: number; baseOffset: number } {
    const baseOffset = this.nextOffset
    this.nextOffset += records
    return { errorCode: 0, baseOffset }
  }

  private async send<T>(frame: Frame<T>): Promise<T> {
    const answer = this.respond(frame)
    return this.silent ? new Promise<T>((_, reject) => this.unanswered.push(reject)) : answer
  }

  private respond<T>(frame: Frame<T>): T {
    if (frame.apiKey !== PRODUCE) throw new Error(`${frame.apiName} is not scripted`)
    const reader = new WireReader(frame.encode().buffer)
    reader.nullableString()
    reader.int16()
    reader.int32()
    const writer = new WireWriter()
    const topics = reader.array(() => ({
      topic: reader.string(),
      batches: reader.array((): SentBatch => {
        const partition = reader.int32()
        const bytes = reader.nullableBytes()!
        return {
          partition,
          producerEpoch: bytes.readInt16BE(51),
          baseSequence: bytes.readInt32BE(53),
          records: bytes.readInt32BE(57),
        }
      }),
    }))
    let failure: Error | undefined
    writer.array(topics, ({ topic, batches }) => {
      writer.string(topic)
      writer.array(batches, (batch) => {
        this.sent.push(batch)
        const answer = this.answer(batch)
        if (answer instanceof Error) failure = answer
        const { errorCode, baseOffset = -1 } = answer instanceof Error ? { errorCode: 0 } : answer
        writer.int32(batch.partition).int16(errorCode).int64(baseOffset).int64(-1).int64(0)
      })
    })
    writer.int32(0)
    if (failure) throw failure
    return frame.decode(writer.buffer)
  }
}
