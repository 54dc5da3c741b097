import { startTimer } from '../../lib/timer'

/** Node's own timers that are due later fire later. */
const afterAWhile = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10))

describe('a timer', () => {
  it.each([2 ** 31, Number.MAX_SAFE_INTEGER, Infinity])('of %d ms does not fire at once', async (ms) => {
    const fired = jest.fn()
    const timer = startTimer(fired, ms)
    await afterAWhile()
    clearTimeout(timer)
    expect(fired).not.toHaveBeenCalled()
  })

  it('fires when its time has come', async () => {
    await new Promise<void>((resolve) => startTimer(resolve, 1))
  })
})
