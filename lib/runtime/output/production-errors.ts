import { StreamsError } from '../../errors'
import { ClientError } from '../../kafka/port'
import { Windowed } from '../../record/windowed'
import { asError } from '../failure/task-failure'
import { locationOf, type SendingSink, type SendingTask } from './sending-task'

/** A serde has thrown. */
export const unserializable = (
  part: 'key' | 'value',
  sink: SendingSink,
  topic: string,
  object: unknown,
  task: SendingTask,
  cause: unknown,
): StreamsError => {
  const isDefault = sink.usesDefault[part]
  const option = part === 'key' ? 'defaultKeySerde' : 'defaultValueSerde'
  const which = isDefault ? `the default serde (${option})` : 'its serde'
  return new StreamsError(
    'SERIALIZATION_FAILED',
    `sink "${sink.name}" can't write the ${part} ${shown(object)} to topic "${topic}" with ${which}: ${asError(cause).message}. ` +
      (object instanceof Windowed
        ? 'Pass the serde of the keys without their windows to the grouping, as in groupByKey({ key: serdes.… }), or ' +
          'serdes.timeWindowed(inner, size) or serdes.sessionWindowed(inner) to the sink; or make keys of another type, as in toStream((_value, { key }) => key)'
        : `Pass the right serde where the topic is written, as in { ${part}: serdes.… } of to(), repartition() or groupBy()` +
          (isDefault ? `, or set ${option}` : '')),
    locationOf(sink.name, task),
    { cause },
  )
}

/** The producer or the broker does not take the record. */
export const unsendable = (sink: SendingSink, topic: string, task: SendingTask, cause: ClientError): StreamsError =>
  new StreamsError(
    'PRODUCTION_FAILED',
    `sink "${sink.name}" can't send a record to topic "${topic}": ${cause.message}. ` +
      'With a productionExceptionHandler such records can be skipped',
    locationOf(sink.name, task),
    { cause },
  )

/** The principal may not write to the topic. */
export const isAuthorization = (error: unknown): error is ClientError =>
  error instanceof ClientError && error.kind === 'authorization'

/** A partitioner has chosen a partition that the topic does not have. */
export function wrongPartition(partition: number, partitions: number, topic: string, sink?: SendingSink): StreamsError {
  return new StreamsError(
    'PRODUCTION_FAILED',
    `partition ${partition} of topic "${topic}" was chosen, which has ${partitions} partitions: correct the partitioner`,
    { ...(sink && { operator: sink.name }), topic, partition },
  )
}

/** A partitioner has returned what is no choice of partitions. */
export function noPartitions(choice: unknown, topic: string, sink: SendingSink, task: SendingTask): StreamsError {
  return new StreamsError(
    'PROCESSING_FAILED',
    `the partitioner of sink "${sink.name}" returned ${shown(choice)} for a record to topic "${topic}": return a partition, a list of ` +
      'them, or undefined for the default',
    locationOf(sink.name, task),
  )
}

const shown = (object: unknown): string => {
  const text = typeof object === 'object' && object !== null ? safeJson(object) : String(object)
  return `${text.length > 60 ? `${text.slice(0, 60)}…` : text} (${describeType(object)})`
}

const describeType = (object: unknown): string =>
  typeof object === 'object' && object !== null ? (object.constructor?.name ?? 'object') : typeof object

const safeJson = (object: object): string => {
  try {
    return JSON.stringify(object)
  } catch {
    return String(object)
  }
}
