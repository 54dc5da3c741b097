import { HashIndex } from '../../../../lib/state/level/hash-index'
import { randomly } from '../randomly'

const positionsOf = (index: HashIndex, hash: number): number[] => {
  const positions: number[] = []
  for (let place = index.find(hash); place >= 0; place = index.next(place, hash))
    positions.push(index.positionAt(place))
  return positions
}

const likelyPositions = (index: HashIndex, hashes: number[]): number[] => {
  const positions = new Int32Array(hashes.length)
  index.likelyPositions(new Int32Array(hashes), hashes.length, positions)
  return [...positions]
}

/** Hashes of which many have the same place, or one of its neighbours at the end and the start of the places. */
const crowded = (random: (below: number) => number): number => ((random(64) << 20) + random(12) - 6) | 0
const spread = (random: (below: number) => number): number => (random(1 << 16) - (1 << 15)) * 0xffff
const anywhere = (random: (below: number) => number): number => random(2 ** 32) | 0

test.each([
  ['anywhere', anywhere, 100_000],
  ['equal to others', spread, 100_000],
  ['that crowd together', crowded, 3000],
])('random work on hashes %s finds each position that was not removed', (_name, hashOf, steps) => {
  const random = randomly(7)
  const index = new HashIndex()
  const byHash = new Map<number, number[]>()
  const added: { hash: number; position: number }[] = []
  const wrong: number[] = []
  const check = (hash: number): void => {
    const expected = byHash.get(hash) ?? []
    const found = positionsOf(index, hash)
    if (found.length !== expected.length || expected.some((position) => !found.includes(position))) wrong.push(hash)
  }
  for (let step = 0; step < steps; step++) {
    const action = random(8)
    if (action < 5 || added.length === 0) {
      const hash = hashOf(random)
      index.add(hash, step)
      added.push({ hash, position: step })
      byHash.set(hash, [...(byHash.get(hash) ?? []), step])
      check(hash)
    } else {
      const at = random(added.length)
      const { hash, position } = added[at]!
      const place = index.placeOf(hash, position)
      const positions = byHash.get(hash)!.filter((other) => other !== position)
      if (action === 5) {
        index.setPosition(place, steps + step)
        added[at] = { hash, position: steps + step }
        positions.push(steps + step)
      } else {
        index.remove(place)
        added[at] = added[added.length - 1]!
        added.pop()
      }
      byHash.set(hash, positions)
      check(hash)
    }
    if (step % 1000 === 0) for (const hash of byHash.keys()) check(hash)
  }
  for (const hash of byHash.keys()) check(hash)
  expect(wrong).toEqual([])
  expect(index.size).toBe(added.length)
})

test('while it grows, all that was added is found', () => {
  const random = randomly(1)
  const hashes = Array.from({ length: 7000 }, () => anywhere(random))
  const index = new HashIndex()
  const lost: number[] = []
  for (const [position, hash] of hashes.entries()) {
    index.add(hash, position)
    if (position < 5900) continue
    // it has 8192 places, of which it fills three quarters
    for (let other = 0; other <= position; other += 7)
      if (!positionsOf(index, hashes[other]!).includes(other)) lost.push(other)
  }
  expect(lost).toEqual([])
})

test('likely positions are those of hashes that met no others, at any time while it grows', () => {
  const index = new HashIndex()
  const hashes: number[] = []
  const wrong: number[] = []
  for (let position = 0; position < 500; position++) {
    // each has a place of its own
    hashes.push(position)
    index.add(position, position)
    const found = likelyPositions(index, hashes)
    if (found.some((likely, at) => likely !== at)) wrong.push(position)
  }
  expect(wrong).toEqual([])
  expect(likelyPositions(index, [600])).toEqual([0])
})

test('it is full once three quarters of its places are', () => {
  const index = new HashIndex(256)
  const random = randomly(2)
  let position = 0
  while (!index.isFull) index.add(anywhere(random), position++)
  expect(index.size).toBe(192)
  const hash = anywhere(random)
  for (let i = 0; i < 1000; i++) {
    const place = index.find(hash)
    if (place >= 0) index.remove(place)
    else index.remove(index.placeOf(anywhere(randomly(2)), 0))
    expect(index.isFull).toBe(false)
    index.add(hash, 192 + i)
    expect(index.isFull).toBe(true)
  }
  expect(positionsOf(index, hash)).toEqual([1191])
})

test('nothing is found after clear, and it can be filled again', () => {
  const index = new HashIndex()
  const random = randomly(3)
  const hashes = Array.from({ length: 1000 }, () => anywhere(random))
  // it grows as it is cleared
  for (const [position, hash] of hashes.slice(0, 390).entries()) index.add(hash, position)
  index.clear()
  expect(index.size).toBe(0)
  expect(hashes.flatMap((hash) => positionsOf(index, hash))).toEqual([])
  for (const [position, hash] of hashes.entries()) index.add(hash, position)
  expect(hashes.map((hash) => positionsOf(index, hash)[0])).toEqual(hashes.map((_, position) => position))
})
