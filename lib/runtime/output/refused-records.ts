import type { StreamsError } from '../../errors'
import type { ErrorHandlerResponse } from '../../handlers'
import type { ClientError } from '../../kafka/port'
import type { StreamRecord } from '../../record/stream-record'
import { asError } from '../failure/task-failure'
import { unsendable } from './production-errors'
import type { SendingSink, SendingTask } from './sending-task'
import { OutputRecord } from './output-record'

/** Asks production exception handlers about the records that a serde, the producer or the broker does not take. */
export class RefusedRecords {
  /** A handler is asked about a record that the broker has refused: its dead letters belong to the transaction of that record. */
  asking = false
  /** How many records a broker has refused. */
  count = 0

  /** `failed`: a handler says `fail` about a record that was sent before. */
  constructor(private readonly failed: (failure: unknown) => void) {}

  /** What the producer tells should the broker refuse it; undefined without a handler. */
  sentRecord(
    sink: SendingSink,
    topic: string,
    record: StreamRecord<unknown, unknown>,
    task: SendingTask,
  ): OutputRecord | undefined {
    if (task.config.productionExceptionHandler === undefined) return undefined
    return this.waitingRecord(sink, topic, record, task)
  }

  /** One that is sent later: who it is from, also without a handler. */
  waitingRecord(
    sink: SendingSink,
    topic: string,
    record: StreamRecord<unknown, unknown>,
    task: SendingTask,
  ): OutputRecord {
    return new OutputRecord(sink, topic, record, task, this.byBroker)
  }

  /** Asks about the current record; throws where the handler says `fail`, or there is none. */
  ask(
    sink: SendingSink,
    topic: string,
    record: StreamRecord<unknown, unknown>,
    task: SendingTask,
    described: StreamsError,
  ): void {
    const handler = task.config.productionExceptionHandler
    if (!handler) throw described
    const error = asError(described.cause)
    const { key, value, timestamp } = record
    const ask = (): ErrorHandlerResponse =>
      handler(error, task.errorContext(sink.name, described), { topic, key, value, timestamp })
    if (!task.resolve(sink.name, error, ask)) throw described
  }

  /** Asks about a record that was sent before; throws as `ask` does. */
  askAbout(sent: OutputRecord, describe: (sent: OutputRecord) => StreamsError): void {
    const { sink, topic, record, task, context, bytes } = sent
    if (task.closed) return
    task.within(context, bytes, () => this.ask(sink, topic, record, task, describe(sent)))
  }

  /** Sends a handler's dead letters with the transaction of the record. */
  whileAsking(work: () => void): void {
    this.asking = true
    try {
      work()
    } finally {
      this.asking = false
    }
  }

  private readonly byBroker = (sent: OutputRecord, error: ClientError): void => {
    this.count++
    try {
      this.whileAsking(() => this.askAbout(sent, ({ sink, topic, task }) => unsendable(sink, topic, task, error)))
    } catch (failure) {
      this.failed(failure)
      // which reports it
      sent.task.requestCommit()
      sent.task.wakeUp()
    }
  }
}
