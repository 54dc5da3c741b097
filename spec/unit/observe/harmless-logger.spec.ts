import { harmless } from '../../../lib/observe/harmless-logger'
import type { Logger } from '../../../lib/observe/logger'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

describe('a logger of somebody else', () => {
  it('is called as a method, with what was logged', () => {
    class Lines {
      readonly lines: unknown[] = []
      debug(...line: unknown[]): void {
        this.lines.push(['debug', ...line])
      }
      info(...line: unknown[]): void {
        this.lines.push(['info', ...line])
      }
      warn(...line: unknown[]): void {
        this.lines.push(['warn', ...line])
      }
      error(...line: unknown[]): void {
        this.lines.push(['error', ...line])
      }
    }
    const logger = new Lines()
    const safe = harmless(logger)
    for (const level of LEVELS) safe[level]({ a: 1 }, 'text')
    expect(logger.lines).toEqual(LEVELS.map((level) => [level, { a: 1 }, 'text']))
  })

  it('may throw: the process is warned once, with what it threw and what was to be logged', () => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const fail = (): never => {
      throw new Error('the worker has exited')
    }
    const logger: Logger = { debug: fail, info: fail, warn: fail, error: fail }
    const safe = harmless(logger)
    for (const level of LEVELS) safe[level]({}, `a ${level}`)
    expect(emitWarning.mock.calls).toEqual([
      [
        'the logger threw Error: the worker has exited; it was to log at debug: a debug. Further ones are not reported',
        { code: 'MILLRACE_LOGGER' },
      ],
    ])
    emitWarning.mockRestore()
  })
})
