import { ResponseMemory } from '../../../../../lib/kafka/kafkajs/protocol/response-memory'

const MIB = 1024 * 1024

describe('the memory of responses', () => {
  it('is used again once it is released, for one that is a little larger too', () => {
    const memory = new ResponseMemory()
    const first = memory.allocate(MIB + 100)
    memory.release(first.buffer)
    const second = memory.allocate(MIB + 200)
    expect(second.buffer === first.buffer).toBe(true)
    expect(second).toHaveLength(MIB + 200)
  })

  it('is not given twice before', () => {
    const memory = new ResponseMemory()
    const first = memory.allocate(MIB)
    expect(memory.allocate(MIB).buffer === first.buffer).toBe(false)
  })

  it('is given once where it was released twice', () => {
    const memory = new ResponseMemory()
    const { buffer } = memory.allocate(MIB)
    memory.release(buffer)
    memory.release(buffer)
    expect(memory.allocate(MIB).buffer === buffer).toBe(true)
    expect(memory.allocate(MIB).buffer === buffer).toBe(false)
  })

  it('fits', () => {
    const memory = new ResponseMemory()
    const small = memory.allocate(MIB)
    const large = memory.allocate(3 * MIB)
    memory.release(large.buffer)
    memory.release(small.buffer)
    expect(memory.allocate(2 * MIB).buffer === large.buffer).toBe(true)
  })

  it('is kept of a few only, of those that were released last', () => {
    const memory = new ResponseMemory()
    const all = Array.from({ length: 10 }, () => memory.allocate(MIB).buffer)
    for (const buffer of all) memory.release(buffer)
    const again = Array.from({ length: 10 }, () => memory.allocate(MIB).buffer)
    expect(again.map((buffer) => all.indexOf(buffer))).toEqual([9, 8, 7, 6, -1, -1, -1, -1, -1, -1])
  })

  it.each([
    ['small', 1000],
    ['large', 5 * MIB],
  ])('is not used again for %s ones', (_, length) => {
    const memory = new ResponseMemory()
    const { buffer } = memory.allocate(length)
    memory.release(buffer)
    expect(memory.allocate(length).buffer === buffer).toBe(false)
  })

  it('is its own: what it has not allocated it does not take', () => {
    const memory = new ResponseMemory()
    const { buffer } = Buffer.allocUnsafeSlow(2 * MIB)
    memory.release(buffer)
    expect(memory.allocate(MIB).buffer === buffer).toBe(false)
  })
})
