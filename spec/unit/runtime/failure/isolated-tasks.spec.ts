import { IsolatedTasks } from '../../../../lib/runtime/failure/isolated-tasks'

describe('a task is isolated', () => {
  let now = 0

  beforeEach(() => {
    now = 1_000_000
    jest.spyOn(performance, 'now').mockImplementation(() => now)
  })
  afterEach(() => jest.restoreAllMocks())

  it.each([
    ['a minute', 10_000, 60_000],
    ['twice the transaction timeout, if that is longer', 900_000, 1_800_000],
  ])('for %s', (_, transactionTimeoutMs, expected) => {
    const isolated = new IsolatedTasks(transactionTimeoutMs)
    isolated.add(['0_0'])
    isolated.processed('0_0')
    isolated.processed('0_1')
    now += expected - 1
    expect([isolated.has('0_0'), isolated.has('0_1')]).toEqual([true, false])
    now += 1
    expect(isolated.has('0_0')).toBe(false)
  })

  it('from its first record on, however long its restart takes', () => {
    const isolated = new IsolatedTasks(10_000)
    isolated.add(['0_0'])
    now += 600_000
    expect(isolated.has('0_0')).toBe(true)
    isolated.processed('0_0')
    now += 59_999
    isolated.processed('0_0')
    expect(isolated.has('0_0')).toBe(true)
    now += 1
    expect(isolated.has('0_0')).toBe(false)
  })

  it('for longer if it blocks another transaction', () => {
    const isolated = new IsolatedTasks(10_000)
    isolated.add(['0_0'])
    isolated.processed('0_0')
    now += 50_000
    isolated.add(['0_0'])
    now += 50_000
    expect(isolated.has('0_0')).toBe(true)
  })
})
