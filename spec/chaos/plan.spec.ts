import { FAULT_KINDS, planOf } from './plan'

const MINUTES = 10
const all = (seed: number) => planOf({ seed, minutes: MINUTES, kinds: FAULT_KINDS })

test('the plan of a seed is always the same, that of another seed is another', () => {
  expect(all(1)).toEqual(all(1))
  expect(all(1)).not.toEqual(all(2))
})

test('a long plan has faults of every kind, and none after its end', () => {
  const faults = all(1).flatMap((lane) => lane.faults)
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS))
  for (const { at } of faults) expect(at).toBeLessThan(MINUTES * 60_000)
})

test('faults of a lane do not overlap', () => {
  for (const { faults } of all(1)) {
    for (const [i, fault] of faults.entries()) {
      const before = faults[i - 1]
      if (before) expect(fault.at).toBeGreaterThan(before.at + before.ms)
    }
  }
})

test('only the chosen kinds of faults are planned', () => {
  const lanes = planOf({ seed: 1, minutes: MINUTES, kinds: ['kill', 'cut'] })
  expect(new Set(lanes.flatMap((lane) => lane.faults).map(({ kind }) => kind))).toEqual(new Set(['kill', 'cut']))
})
