import { RateLimitedLog } from '../../../lib/observe/rate-limited-log'
import { recordingLogger } from '../runtime/processing/processing-under-test'

describe('RateLimitedLog', () => {
  beforeEach(() => void jest.useFakeTimers())
  afterEach(() => void jest.useRealTimers())

  const limited = () => {
    const logger = recordingLogger()
    const log = new RateLimitedLog(logger, { lines: 2, periodMs: 1000 })
    const warn = (offset: number, key = 'map'): void => log.warn(key, { offset }, `offset ${offset}`)
    return { log, warn, messages: () => logger.entries.splice(0).map(({ message }) => message), logger }
  }

  it('writes the first lines of a period, then the last of those held back with the number of the others', () => {
    const { warn, messages, logger } = limited()
    for (let offset = 0; offset < 6; offset++) warn(offset)
    expect(messages()).toEqual(['offset 0', 'offset 1'])
    jest.advanceTimersByTime(1000)
    expect(logger.entries[0]).toMatchObject({ level: 'warn', fields: { offset: 5, heldBack: 3 } })
    expect(messages()).toEqual(['offset 5 (and 3 more like it, which are not logged)'])
  })

  it('limits what continues to happen in each period', () => {
    const { warn, messages } = limited()
    for (const offset of [0, 1, 2]) warn(offset)
    jest.advanceTimersByTime(1000)
    for (const offset of [3, 4, 5]) warn(offset)
    expect(messages()).toEqual(['offset 0', 'offset 1', 'offset 2', 'offset 3'])
    jest.advanceTimersByTime(1000)
    expect(messages()).toEqual(['offset 5 (and 1 more like it, which are not logged)'])
  })

  it('is silent where nothing was held back, and writes again after a calm period', () => {
    const { warn, messages } = limited()
    for (const offset of [0, 1]) warn(offset)
    jest.advanceTimersByTime(5000)
    for (const offset of [2, 3]) warn(offset)
    expect(messages()).toEqual(['offset 0', 'offset 1', 'offset 2', 'offset 3'])
    expect(jest.getTimerCount()).toBe(1)
  })

  it('limits each subject by itself', () => {
    const { warn, messages } = limited()
    for (const offset of [0, 1, 2]) warn(offset)
    warn(3, 'filter')
    expect(messages()).toEqual(['offset 0', 'offset 1', 'offset 3'])
  })

  it('writes what is held back when it is closed, and leaves no timer', () => {
    const { log, warn, messages } = limited()
    for (const offset of [0, 1, 2]) warn(offset)
    messages()
    log.close()
    expect(messages()).toEqual(['offset 2'])
    expect(jest.getTimerCount()).toBe(0)
  })
})
