import { breathe } from '../../../lib/state/breathe'

test('a pause is due after as many steps as before, of which one may be as long as several', async () => {
  const pause = breathe()
  const usual = (): number => {
    let steps = 1
    while (!pause.due()) steps++
    return steps
  }
  const steps = usual()
  await pause.take()
  expect(pause.due(steps / 2)).toBe(false)
  expect(pause.due(steps)).toBe(true)
  await pause.take()
  expect(usual()).toBe(steps)
})

test('a walk that is aborted ends with the reason', () => {
  const abort = new AbortController()
  const pause = breathe(abort.signal)
  expect(pause.due()).toBe(false)
  abort.abort(new Error('enough'))
  expect(() => pause.due()).toThrow('enough')
})
