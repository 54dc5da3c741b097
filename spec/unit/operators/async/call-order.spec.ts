import type { CallOrderKind } from '../../../../lib/operators/async/async-settings'
import { callOrder, type OrderedCall } from '../../../../lib/operators/async/call-order'

class FakeCall implements OrderedCall {
  hasEnded = false
  hasFailed = false
  constructor(
    readonly number: number,
    readonly keyBytes: string | null,
  ) {}
}

const randomOf = (seed: number) => (below: number) => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
  return (seed >>> 8) % below
}

interface Run {
  readonly started: FakeCall[]
  readonly ended: FakeCall[]
  readonly results: FakeCall[]
}

/** Adds, starts, ends and takes calls in random order, until all are done. */
const run = (kind: CallOrderKind, seed: number, check: (running: readonly FakeCall[]) => void): Run => {
  const random = randomOf(seed)
  const order = callOrder<FakeCall>(kind)
  const running: FakeCall[] = []
  const done: Run = { started: [], ended: [], results: [] }
  const total = 200
  let added = 0
  while (done.results.length < total) {
    switch (random(4)) {
      case 0:
        if (added < total) order.add(new FakeCall(added++, random(5) === 0 ? null : `k${random(6)}`))
        break
      case 1: {
        const call = running.length < 4 ? order.start() : undefined
        if (call === undefined) break
        running.push(call)
        done.started.push(call)
        check(running)
        break
      }
      case 2: {
        const [call] = running.splice(random(Math.max(1, running.length)), 1)
        if (call === undefined) break
        call.hasFailed = random(5) === 0
        call.hasEnded = true
        done.ended.push(call)
        order.ended(call)
        break
      }
      default: {
        if (!order.hasResult) break
        const call = order.takeResult()
        expect(call.hasEnded).toBe(true)
        done.results.push(call)
        order.settled(call)
      }
    }
  }
  expect(order.hasResult).toBe(false)
  expect(order.start()).toBeUndefined()
  return done
}

const seeds = Array.from({ length: 10 }, (_, seed) => seed + 1)
const numbers = (calls: readonly FakeCall[]): number[] => calls.map(({ number }) => number)
const ascending = (calls: readonly FakeCall[]): number[] => numbers(calls).sort((a, b) => a - b)

describe('the order of calls, at random', () => {
  test.each(seeds)('by key: one call of a key at a time, started and forwarded in order (seed %i)', (seed) => {
    const { started, ended, results } = run('key', seed, (running) => {
      const keys = running.flatMap(({ keyBytes }) => keyBytes ?? [])
      expect(new Set(keys).size).toBe(keys.length)
    })
    for (let key = 0; key < 6; key++) {
      const ofKey = (calls: readonly FakeCall[]): FakeCall[] => calls.filter(({ keyBytes }) => keyBytes === `k${key}`)
      expect(numbers(ofKey(started))).toEqual(ascending(ofKey(started)))
      expect(numbers(ofKey(results))).toEqual(ascending(ofKey(results)))
    }
    expect(results).toEqual(ended)
  })

  test.each(seeds)('by input: started and forwarded in the order of the inputs (seed %i)', (seed) => {
    const { started, results } = run('input', seed, () => {})
    expect(numbers(started)).toEqual(ascending(started))
    expect(numbers(results)).toEqual(ascending(results))
  })

  test.each(seeds)('none: started as they come, forwarded as they end (seed %i)', (seed) => {
    const { started, ended, results } = run('none', seed, () => {})
    expect(numbers(started)).toEqual(ascending(started))
    expect(results).toEqual(ended)
  })
})

test('by key: no call of a key starts between a failure and its end', () => {
  const order = callOrder<FakeCall>('key')
  const [first, second] = [new FakeCall(0, 'a'), new FakeCall(1, 'a')]
  order.add(first)
  order.add(second)
  expect(order.start()).toBe(first)
  first.hasEnded = first.hasFailed = true
  order.ended(first)
  expect(order.start()).toBeUndefined()
  order.settled(order.takeResult())
  expect(order.start()).toBe(second)
})
