import { silentLogger, type Logger } from '../../../lib/observe/logger'
import { RecentProblems } from '../../../lib/observe/recent-problems'

describe('the recent problems', () => {
  it('are the warnings and errors that were logged, with their causes and where they happened', () => {
    const problems = new RecentProblems(silentLogger)
    problems.debug({}, 'a detail')
    problems.info({}, 'all is well')
    problems.warn({ taskId: '0_1', offset: 7, key: 'a secret', topics: ['a'] }, 'it was late')
    problems.error({ err: new Error('outer', { cause: new TypeError('inner') }) }, 'it has failed')
    expect(problems.latest).toEqual([
      { time: expect.any(Number), level: 'warn', message: 'it was late', location: { taskId: '0_1', offset: 7 } },
      {
        time: expect.any(Number),
        level: 'error',
        message: 'it has failed',
        error: 'Error: outer, caused by TypeError: inner',
        location: {},
      },
    ])
  })

  it('are bounded in number and length', () => {
    const problems = new RecentProblems(silentLogger, 2)
    for (const message of ['first', 'second', 'x'.repeat(5000)]) problems.warn({}, message)
    expect(problems.latest.map(({ message }) => message)).toEqual(['second', `${'x'.repeat(1000)}…`])
  })

  it('are logged as they were', () => {
    const lines: unknown[] = []
    const note = (level: string) => (fields: object, message: string) => void lines.push([level, fields, message])
    const logger: Logger = { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') }
    const problems = new RecentProblems(logger)
    for (const level of ['debug', 'info', 'warn', 'error'] as const) problems[level]({ a: 1 }, 'text')
    expect(lines).toEqual(['debug', 'info', 'warn', 'error'].map((level) => [level, { a: 1 }, 'text']))
  })
})
