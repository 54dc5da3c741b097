import { StreamsError } from '../../../lib/errors'
import type { LogLevel } from '../../../lib/observe/log-level'
import { textLogger } from '../../../lib/observe/text-logger'

const logging = (level: LogLevel) => {
  const written: string[] = []
  return { logger: textLogger(level, (text) => written.push(text)), written }
}

const thrownBy = (callback: () => void): Error => {
  try {
    callback()
  } catch (error) {
    return error as Error
  }
  throw new Error('it threw nothing')
}

const failing = (): Error =>
  thrownBy(function readOrder() {
    throw new TypeError('no such field')
  })

describe('the logger of text', () => {
  it('writes time, level, message and fields on one line', () => {
    const { logger, written } = logging('info')
    logger.info({ taskId: '0_1', offset: 5, missing: undefined, range: { from: 1 }, big: 7n }, 'task runs')
    expect(written).toEqual([
      expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z INFO task runs taskId=0_1 offset=5 range={"from":1} big=7\n$/),
    ])
  })

  it('escapes control characters, so that what an error quotes from a record neither controls a terminal nor looks like a line', () => {
    const { logger, written } = logging('info')
    const err = new Error('unexpected \u001b[31m\u202e\nin line 2')
    err.stack = `Error: ${err.message}`
    logger.warn({ err, key: 'a\nb' }, 'dropped')
    expect(written[0]).toMatch(/ dropped key=a\\nb\n {2}Error: unexpected \\u001b\[31m\\u202e\n {2}in line 2\n$/)
    logger.info({ err }, 'dropped')
    expect(written[1]).toMatch(/ dropped err=Error: unexpected \\u001b\[31m\\u202e\\nin line 2\n$/)
  })

  it.each<[LogLevel, string[]]>([
    ['debug', ['debug', 'info', 'warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['warn', ['warn', 'error']],
    ['error', ['error']],
    ['silent', []],
  ])('at level %s writes %j', (level, expected) => {
    const { logger, written } = logging(level)
    for (const each of ['debug', 'info', 'warn', 'error'] as const) logger[each]({}, each)
    expect(written.map((line) => line.trim().split(' ')[2])).toEqual(expected)
  })

  it.each(['warn', 'error'] as const)('writes the stack of an error and of its cause at %s', (level) => {
    const { logger, written } = logging('info')
    const cause = failing()
    logger[level](
      { err: new StreamsError('PROCESSING_FAILED', 'operator "map" failed', {}, { cause }), a: 1 },
      'stopped',
    )
    const lines = written[0]!.split('\n')
    expect(lines[0]).toMatch(/ stopped a=1$/)
    expect(lines[1]).toBe('  StreamsError [PROCESSING_FAILED]: operator "map" failed')
    expect(lines[2]).toMatch(/^ {6}at .*text-logger\.spec/)
    const second = lines.indexOf('  caused by TypeError: no such field')
    expect(second).toBeGreaterThan(2)
    expect(lines[second + 1]).toMatch(/^ {6}at readOrder /)
    expect(written[0]).toMatch(/\n {6}\.\.\. \d+ more\n$/)
  })

  it('writes an error as a field, with its causes and no stacks, at info', () => {
    const { logger, written } = logging('info')
    logger.info({ err: new Error('lost', { cause: new Error('cut') }) }, 'trying again')
    expect(written[0]).toMatch(/trying again err=Error: lost, caused by Error: cut\n$/)
  })

  it('does not repeat a message that the error above quotes, and keeps the stack behind it', () => {
    const { logger, written } = logging('info')
    const cause = failing()
    const error = new StreamsError(
      'PROCESSING_FAILED',
      `operator "map" failed: ${cause.message}. Fix it`,
      {},
      { cause },
    )
    logger.error({ err: error }, 'stopped')
    expect(written[0]!.match(/no such field/g)).toHaveLength(1)
    expect(written[0]).toMatch(/\n {2}caused by TypeError\n {6}at readOrder /)
    logger.info({ err: error }, 'noted')
    expect(written[1]).toMatch(/Fix it, caused by TypeError\n$/)
  })

  it('names the code of a cause, the errors of an aggregate, and what is thrown that is no error', () => {
    const { logger, written } = logging('info')
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    const aggregate = new AggregateError([refused, new Error('timed out')], 'no address answered')
    logger.warn({ err: new Error('unreachable', { cause: aggregate }) }, 'a')
    expect(written[0]).toContain('caused by AggregateError: no address answered')
    expect(written[0]).toContain('one of: Error [ECONNREFUSED]: connect ECONNREFUSED')
    expect(written[0]).toContain('one of: Error: timed out')
    logger.warn({ err: new Error('odd', { cause: { status: 503 } }) }, 'b')
    expect(written[1]).toContain('caused by {"status":503}')
  })

  it('ends a chain that leads back to itself', () => {
    const { logger, written } = logging('info')
    const first: Error = new Error('first')
    first.cause = new Error('second', { cause: first })
    logger.error({ err: first }, 'odd')
    expect(written[0]!.match(/first|second/g)).toEqual(['first', 'second'])
  })

  it('finds the stack of an error whose message has lines like stack frames', () => {
    const { logger, written } = logging('info')
    logger.error({ err: new Error('remote:\n    at there (server.js:1)') }, 'odd')
    expect(written[0]!.match(/at there/g)).toHaveLength(1)
    expect(written[0]).toMatch(/text-logger\.spec/)
  })

  it('writes levels in colours at a terminal, with the time of the day', () => {
    const written: string[] = []
    const logger = textLogger('info', (text) => written.push(text), { colors: true })
    logger.warn({ topic: 'orders', err: new Error('lost') }, 'trying again')
    expect(written[0]).toMatch(
      // eslint-disable-next-line no-control-regex
      /^\u001b\[2m\d\d:\d\d:\d\d\.\d{3}\u001b\[0m \u001b\[33mWARN \u001b\[0m trying again \u001b\[2mtopic=orders\u001b\[0m\n\u001b\[2m {2}Error: lost/,
    )
  })
})
