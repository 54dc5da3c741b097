import { StreamsError } from '../../errors'
import type { RecordContext } from '../../record/record-context'
import { asError } from '../failure/task-failure'

/** The processor that an error is about. */
interface Place {
  readonly name: string
  readonly taskId: string
}

const placeOf = ({ name, taskId }: Place): { operator: string; taskId: string } => ({ operator: name, taskId })

const listOf = (names: Iterable<string>): string => [...names].map((name) => `"${name}"`).join(', ') || 'none'

export const lifeCycleFailed = (method: 'init' | 'close', processor: Place, error: unknown): StreamsError => {
  if (error instanceof StreamsError) return error
  return new StreamsError(
    'PROCESSING_FAILED',
    `${method}() of processor "${processor.name}" failed: ${asError(error).message}`,
    placeOf(processor),
    { cause: error },
  )
}

/** `what` it did at the current record: `failed`, for example. */
export const processingFailed = (
  processor: Place,
  error: Error,
  what: string,
  { topic, partition, offset }: RecordContext,
): StreamsError => {
  const where = topic === null ? 'in a punctuation' : `at offset ${offset} of ${topic}-${partition}`
  return new StreamsError(
    error instanceof StreamsError ? error.code : 'PROCESSING_FAILED',
    `operator "${processor.name}" of task ${processor.taskId} ${what} ${where}: ${error.message}. ` +
      // millrace's own errors already say what to do
      `${error instanceof StreamsError ? 'Or' : 'Fix the callback, or'} set processingExceptionHandler to skip such records or ` +
      'send them to a dead letter topic',
    { ...placeOf(processor), ...(topic === null ? {} : { topic, partition, offset }) },
    { cause: error },
  )
}

export const unexpectedPromise = (operator: Place, promise: Promise<unknown>): StreamsError => {
  promise.catch(() => {})
  return new StreamsError(
    'PROCESSING_FAILED',
    `the callback of operator "${operator.name}" returned a promise, and this operator takes the result as it is: ` +
      'do awaited work in mapValuesAsync and the like, in foreach, peek, or a processor whose process() is async',
    placeOf(operator),
  )
}

export const storeNotConnected = (processor: Place, store: string, connected: Iterable<string>): StreamsError =>
  new StreamsError(
    'STORE_NOT_CONNECTED',
    `processor "${processor.name}" asks for the store "${store}", which is not connected to it (connected: ${listOf(connected)}): ` +
      'name the store where the processor is added, as in process(supplier, [store]) or addStateStore(builder, processor)',
    { ...placeOf(processor), store },
  )

export const noPunctuations = (processor: Place): StreamsError =>
  new StreamsError(
    'ILLEGAL_STATE',
    `processor "${processor.name}" fills a global store, which has no punctuations: it only sees the records of its topic`,
    { operator: processor.name },
  )

export const noSuchChild = (processor: Place, child: string, children: Iterable<string>): StreamsError =>
  new StreamsError(
    'INVALID_ARGUMENT',
    `processor "${processor.name}" forwards to "${child}", which is not one of its children (${listOf(children)})`,
    placeOf(processor),
  )

export const noRecord = (processor: Place): StreamsError =>
  new StreamsError(
    'INVALID_ARGUMENT',
    `processor "${processor.name}" forwards what is no StreamRecord: pass the record that it got, changed by withKey(), withValue(), ` +
      'withTimestamp() or withHeaders(), or new StreamRecord(key, value, timestamp)',
    placeOf(processor),
  )

export const noHeaders = (processor: Place): StreamsError =>
  new StreamsError(
    'INVALID_ARGUMENT',
    `processor "${processor.name}" forwards a record whose headers are no list of names and bytes: pass withHeaders() one such as ` +
      "[...record.headers, ['source', Buffer.from('web')]]",
    placeOf(processor),
  )

export const outOfTurn = (processor: Place): StreamsError =>
  new StreamsError(
    'ILLEGAL_STATE',
    `processor "${processor.name}" forwards while it processes nothing: forward() is for process() and punctuations, until ` +
      'the promise they return is settled. The supplier must also make a new processor on each call',
    placeOf(processor),
  )
