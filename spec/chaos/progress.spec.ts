import { ProgressWatch, type Watched } from './progress'

const watch = () => {
  const state = { outputs: 0, inputs: 1, excused: false }
  const watched: Watched = {
    name: 'it',
    outputs: () => state.outputs,
    inputs: () => state.inputs,
    excused: () => state.excused,
  }
  const stuck: number[] = []
  const resumed: number[] = []
  const progress = new ProgressWatch(
    [watched],
    (_name, ms) => stuck.push(ms),
    (_name, ms) => resumed.push(ms),
  )
  let now = 0
  const pass = (seconds: number): void => {
    for (let i = 0; i < seconds; i++) progress.tick((now += 1000))
  }
  pass(1)
  return { state, stuck, resumed, pass, longest: () => progress.longestMs('it') }
}

test('a minute without output is reported, each minute once', () => {
  const { stuck, pass } = watch()
  pass(59)
  expect(stuck).toEqual([])
  pass(1)
  expect(stuck).toEqual([60_000])
  pass(60)
  expect(stuck).toHaveLength(2)
})

test('output ends the silence', () => {
  const { state, stuck, pass, longest } = watch()
  pass(50)
  state.outputs++
  state.inputs++
  pass(50)
  expect(stuck).toEqual([])
  expect(longest()).toBe(50_000)
})

test('the end of a long silence is told', () => {
  const { state, resumed, pass } = watch()
  for (const seconds of [10, 11]) {
    pass(seconds)
    state.outputs++
    pass(1)
    state.inputs++
  }
  expect(resumed).toEqual([11_000])
})

test('time in which nothing can be expected does not count, nor time without input', () => {
  const { state, stuck, pass } = watch()
  pass(30)
  state.excused = true
  pass(100)
  state.excused = false
  pass(29)
  expect(stuck).toEqual([])
  state.outputs++ // all input is processed
  pass(200)
  expect(stuck).toEqual([])
})
