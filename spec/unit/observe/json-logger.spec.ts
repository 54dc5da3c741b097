import { hostname } from 'node:os'
import { StreamsError } from '../../../lib/errors'
import { jsonLogger } from '../../../lib/observe/json-logger'
import type { LogLevel } from '../../../lib/observe/log-level'

const logging = (level: LogLevel) => {
  const written: string[] = []
  return { logger: jsonLogger(level, (text) => written.push(text)), written }
}

const lineOf = (written: readonly string[]): Record<string, unknown> => {
  expect(written).toHaveLength(1)
  expect(written[0]).toMatch(/^[^\n]+\n$/)
  return JSON.parse(written[0]!) as Record<string, unknown>
}

describe('the logger of JSON', () => {
  it('writes one line for each event, with the fields of pino', () => {
    const { logger, written } = logging('info')
    logger.info({ taskId: '0_1', offset: 5, missing: undefined, big: 7n, range: { from: 1 } }, 'task\nruns')
    expect(lineOf(written)).toEqual({
      level: 30,
      time: expect.any(Number),
      pid: process.pid,
      hostname: hostname(),
      taskId: '0_1',
      offset: 5,
      big: '7',
      range: { from: 1 },
      msg: 'task\nruns',
    })
  })

  it.each<[LogLevel, number[]]>([
    ['debug', [20, 30, 40, 50]],
    ['warn', [40, 50]],
    ['silent', []],
  ])('at level %s writes %j', (level, expected) => {
    const { logger, written } = logging(level)
    for (const each of ['debug', 'info', 'warn', 'error'] as const) logger[each]({}, each)
    expect(written.map((line) => (JSON.parse(line) as { level: number }).level)).toEqual(expected)
  })

  it('writes an error with its code, and a stack that goes through its causes', () => {
    const { logger, written } = logging('warn')
    const cause = new TypeError('no such field')
    logger.error({ err: new StreamsError('PROCESSING_FAILED', 'operator "map" failed', {}, { cause }) }, 'stopped')
    const { err } = lineOf(written)
    expect(err).toMatchObject({ type: 'StreamsError', code: 'PROCESSING_FAILED', message: 'operator "map" failed' })
    expect((err as { stack: string }).stack).toMatch(
      /operator "map" failed\n\s+at [^]*caused by TypeError: no such field/,
    )
  })

  it('loses no line to a field that JSON does not have', () => {
    const { logger, written } = logging('warn')
    const circle: Record<string, unknown> = {}
    circle['itself'] = circle
    logger.warn({ circle, topic: 'orders' }, 'odd')
    expect(lineOf(written)).toMatchObject({ circle: '[object Object]', topic: 'orders', msg: 'odd' })
  })
})
