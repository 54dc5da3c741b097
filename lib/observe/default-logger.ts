import { jsonLogger } from './json-logger'
import type { LogFormat, LogLevel } from './log-level'
import type { Logger } from './logger'
import { textLogger } from './text-logger'

interface Terminal {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** To standard error: for people at a terminal, in colors, and as JSON for programs anywhere else. */
export const defaultLogger = (
  level: LogLevel,
  format: LogFormat | undefined,
  output: Terminal = process.stderr,
  env: NodeJS.ProcessEnv = process.env,
): Logger => {
  const isTerminal = output.isTTY === true
  const write = (text: string): void => void output.write(text)
  if ((format ?? (isTerminal ? 'text' : 'json')) === 'json') return jsonLogger(level, write)
  return textLogger(level, write, { colors: wantsColors(isTerminal, env) })
}

/** As Node.js decides it: FORCE_COLOR takes precedence, also where no terminal is, then NO_COLOR. */
const wantsColors = (isTerminal: boolean, { FORCE_COLOR, NO_COLOR = '', TERM }: NodeJS.ProcessEnv): boolean => {
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  return isTerminal && NO_COLOR === '' && TERM !== 'dumb'
}
