export type {
  DeadLetterRecord,
  DeserializationExceptionHandler,
  ErrorHandlerContext,
  ErrorHandlerResponse,
  ProcessingExceptionHandler,
  ProductionExceptionHandler,
} from './error-handler'
export { deadLetterTopic } from './dead-letter'
export { logAndContinue, logAndFail } from './log'
