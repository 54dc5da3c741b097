import { oneOf, requireArgument, requireFunction } from '../arguments'
import type { StreamsEvents } from './streams-types'

const EVENTS: Readonly<Record<keyof StreamsEvents, true>> = {
  stateChange: true,
  error: true,
  warning: true,
  runProgress: true,
  rebalance: true,
  restoreStart: true,
  restoreProgress: true,
  restoreEnd: true,
}

const EVENT = oneOf(...Object.keys(EVENTS))

/**
 * A misspelt event never occurs.
 *
 * @throws StreamsError INVALID_ARGUMENT
 */
export const requireListener = (event: unknown, listener: unknown, method: string): void => {
  requireArgument(event, EVENT, method, 'event')
  requireFunction(listener, method, 'a listener')
}
