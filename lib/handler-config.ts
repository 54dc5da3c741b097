import { invalid, shown } from './config-values'
import { StreamsError } from './errors'
import { deadLetterTopic, type ErrorHandlerResponse, logAndContinue, logAndFail } from './handlers'

type Handler = (...failure: never[]) => ErrorHandlerResponse

const MAKERS: readonly unknown[] = [deadLetterTopic, logAndContinue, logAndFail]

/**
 * The handler, whose answers are checked: one that is neither `fail` nor `continue` must not be taken for either.
 *
 * @throws StreamsError INVALID_CONFIG
 */
export const exceptionHandler = <H extends Handler>(key: string, handler: H | undefined): H | undefined => {
  if (handler === undefined) return undefined
  const given: unknown = handler
  if (typeof given !== 'function') {
    throw invalid(
      `${key} is ${shown(given)}: give a function, such as logAndContinue(), logAndFail() or deadLetterTopic('my-dead-letters')`,
    )
  }
  if (MAKERS.includes(given)) throw invalid(`${key} is ${given.name} itself: call it, as in ${given.name}(…)`)
  const checked: Handler = (...failure) => {
    const response: unknown = handler(...failure)
    if (!isResponse(response)) throw noResponse(key, response)
    return response
  }
  return checked as H
}

const isResult = (value: unknown): value is 'fail' | 'continue' => value === 'fail' || value === 'continue'

const isResponse = (value: unknown): value is ErrorHandlerResponse =>
  isResult(value) ||
  (typeof value === 'object' &&
    value !== null &&
    'result' in value &&
    isResult(value.result) &&
    'deadLetters' in value &&
    Array.isArray(value.deadLetters))

const noResponse = (key: string, response: unknown): StreamsError => {
  const what = response instanceof Promise ? 'a promise, and is not awaited' : shown(response)
  return new StreamsError(
    'INVALID_ARGUMENT',
    `the ${key} returned ${what}: return 'continue', 'fail', or { result, deadLetters } with one of them and a list`,
  )
}
