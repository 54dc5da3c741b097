import { invalid, shown } from './config-values'
import { deadLetterTopic, logAndContinue, logAndFail } from '../handlers'

const MAKERS: readonly unknown[] = [deadLetterTopic, logAndContinue, logAndFail]

/** The handler, if it is one. */
export const exceptionHandler = <H>(key: string, handler: H | undefined): H | undefined => {
  if (handler === undefined) return undefined
  const given: unknown = handler
  if (typeof given !== 'function') {
    throw invalid(
      `${key} is ${shown(given)}: give a function, such as logAndContinue(), logAndFail() or deadLetterTopic('my-dead-letters')`,
    )
  }
  if (MAKERS.includes(given)) throw invalid(`${key} is ${given.name} itself: call it, as in ${given.name}(…)`)
  return handler
}
