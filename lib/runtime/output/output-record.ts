import type { ClientError, DeliveryListener } from '../../kafka/port'
import type { RecordContext } from '../../record/record-context'
import type { StreamRecord } from '../../record/stream-record'
import type { SendingSink, SendingTask } from './sending-task'
import { type SourceBytes, viewsOf } from './source-bytes'

/** A record that was sent, or waits for that, with what its handler and the error have to tell should Kafka not take it. */
export class OutputRecord implements DeliveryListener {
  readonly context: RecordContext
  readonly bytes: SourceBytes

  constructor(
    readonly sink: SendingSink,
    readonly topic: string,
    readonly record: StreamRecord<unknown, unknown>,
    readonly task: SendingTask,
    private readonly onRefused: (sent: OutputRecord, error: ClientError) => void,
  ) {
    this.context = task.recordContext
    this.bytes = viewsOf(task.source)
  }

  /** Somebody decides about it. */
  get hasHandler(): boolean {
    return this.task.config.productionExceptionHandler !== undefined
  }

  delivered(): void {}

  /** So has the producer, which tells it itself. */
  failed(): void {}

  refused(error: ClientError): void {
    this.onRefused(this, error)
  }
}
