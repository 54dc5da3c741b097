import { pause, withDeadline } from '../../../lib/runtime/pause'

/** Longer than Node's timers can run: they would fire at once. */
const A_MONTH_MS = 30 * 86_400_000

describe('a time of a month', () => {
  it('is not over at once as a deadline', async () => {
    const work = new Promise((resolve) => setTimeout(resolve, 20, 'done'))
    expect(await withDeadline(work, A_MONTH_MS)).toBe('done')
  })

  it('is not over at once as a pause', async () => {
    const abort = new AbortController()
    const paused = pause(A_MONTH_MS, abort.signal)
    setTimeout(() => abort.abort(new Error('aborted')), 20)
    await expect(paused).rejects.toThrow('aborted')
  })
})
