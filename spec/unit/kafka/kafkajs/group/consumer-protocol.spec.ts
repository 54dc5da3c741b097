import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../../../lib/kafka/kafkajs/group/consumer-protocol'

describe('ConsumerProtocol', () => {
  const ownedPartitions = [
    { topic: 'a', partition: 0 },
    { topic: 'b', partition: 7 },
    { topic: 'a', partition: 2 },
  ]

  it('brings a subscription through', () => {
    const subscription = { topics: ['a', 'b'], userData: Buffer.from('user data'), ownedPartitions, generationId: 4 }
    const decoded = decodeSubscription(encodeSubscription(subscription))
    expect(decoded).toMatchObject({ topics: ['a', 'b'], generationId: 4, userData: Buffer.from('user data') })
    expect(decoded.ownedPartitions).toHaveLength(3)
    expect(decoded.ownedPartitions).toEqual(expect.arrayContaining(ownedPartitions))
  })

  it('has the same bytes for the same topics in another order', () => {
    const rest = { userData: Buffer.alloc(0), ownedPartitions: [], generationId: 1 }
    expect(encodeSubscription({ topics: ['b', 'a'], ...rest })).toEqual(
      encodeSubscription({ topics: ['a', 'b'], ...rest }),
    )
  })

  it('reads version 0, without user data', () => {
    // version 0, one topic 'a', user data null
    const bytes = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1, 0x61, 0xff, 0xff, 0xff, 0xff])
    expect(decodeSubscription(bytes)).toEqual({
      topics: ['a'],
      userData: Buffer.alloc(0),
      ownedPartitions: [],
      generationId: -1,
    })
  })

  it('reads version 1', () => {
    const bytes = Buffer.from([0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x2a, 0, 0, 0, 1, 0, 1, 0x61, 0, 0, 0, 1, 0, 0, 0, 3])
    expect(decodeSubscription(bytes)).toEqual({
      topics: [],
      userData: Buffer.from('*'),
      ownedPartitions: [{ topic: 'a', partition: 3 }],
      generationId: -1,
    })
  })

  it('brings an assignment through', () => {
    const assignment = { partitions: ownedPartitions, userData: Buffer.from([1, 2, 3]) }
    const decoded = decodeAssignment(encodeAssignment(assignment))
    expect(decoded.userData).toEqual(assignment.userData)
    expect(decoded.partitions).toEqual(expect.arrayContaining(ownedPartitions))
  })

  it('takes no bytes for no assignment', () => {
    expect(decodeAssignment(Buffer.alloc(0))).toEqual({ partitions: [], userData: Buffer.alloc(0) })
  })

  it('copies user data out of the response', () => {
    const bytes = encodeAssignment({ partitions: [], userData: Buffer.from('abc') })
    const { userData } = decodeAssignment(bytes)
    bytes.fill(0)
    expect(String(userData)).toBe('abc')
  })
})
