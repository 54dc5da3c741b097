import { hashBytes } from '../../../../lib/state/byte-hash'
import { KeyFilter } from '../../../../lib/state/level/key-filter'

const hashOf = (key: string): number => hashBytes(1, Buffer.from(key), 0, key.length)

const filled = (maxBytes: number, keys: number): KeyFilter => {
  const filter = new KeyFilter(maxBytes)
  for (let i = 0; i < keys; i++) filter.add(hashOf(`key-${i}`))
  return filter
}

describe('a filter of keys', () => {
  test('has every key that was added, however many those are', () => {
    const filter = filled(1 << 10, 20_000)
    for (let i = 0; i < 20_000; i++) expect(filter.mayHave(hashOf(`key-${i}`))).toBe(true)
  })

  test.each([
    [16, 0.01],
    [10, 0.03],
    [4, 0.25],
  ])('with %i bits a key it takes few others for added', (bits, share) => {
    const filter = filled(1 << 15, (8 << 15) / bits)
    let taken = 0
    for (let i = 0; i < 10_000; i++) if (filter.mayHave(hashOf(`other-${i}`))) taken++
    expect(taken / 10_000).toBeLessThan(share)
  })

  test('has none at first, and none after clear', () => {
    const filter = new KeyFilter(1 << 10)
    expect(filter.mayHave(hashOf('k'))).toBe(false)
    filter.add(hashOf('k'))
    filter.clear()
    expect(filter.mayHave(hashOf('k'))).toBe(false)
    filter.add(hashOf('k'))
    expect(filter.mayHave(hashOf('k'))).toBe(true)
  })

  test.each([
    [0, 16],
    [15, 16],
    [1000, 512],
    [1 << 20, 1 << 20],
  ])('of %i bytes takes %i', (maxBytes, taken) => {
    expect(new KeyFilter(maxBytes).maxBytes).toBe(taken)
  })
})
