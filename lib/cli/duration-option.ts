import { type Duration, toMilliseconds } from '../durations'
import { UsageError } from './usage-error'

/** Milliseconds of an option such as `--interval 10s`. */
export const duration = (text: string, option: string): number => {
  try {
    return toMilliseconds(text as Duration, `--${option}`)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
