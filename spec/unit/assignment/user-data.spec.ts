import {
  type AssignmentInfo,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type SubscriptionInfo,
} from '../../../lib/assignment/user-data'

const subscription: SubscriptionInfo = {
  processId: '3a9c-ü',
  generation: 17,
  ownedTasks: ['0_0', '11_203'],
  offsetSums: new Map([
    ['0_0', 9_007_199_254_740_991],
    ['2_1', 0],
  ]),
  topology: 'fingerprint',
}

const assignment: AssignmentInfo = {
  activeTasks: ['0_0', '1_5'],
  followUp: true,
  error: 'missing-source-topics',
  errorCode: 'MISSING_SOURCE_TOPIC',
  errorMessage: 'wörds is missing',
  missingTopics: ['wörds', 'other'],
}

describe('assignment user data', () => {
  it('carries a subscription', () => {
    expect(decodeSubscription(encodeSubscription(subscription))).toEqual(subscription)
  })

  it('carries an empty subscription of a member that never had a generation', () => {
    const empty: SubscriptionInfo = {
      processId: '',
      generation: -1,
      ownedTasks: [],
      offsetSums: new Map(),
      topology: '',
    }
    expect(decodeSubscription(encodeSubscription(empty))).toEqual(empty)
  })

  it('carries an assignment', () => {
    expect(decodeAssignment(encodeAssignment(assignment))).toEqual(assignment)
  })

  it('carries thousands of tasks', () => {
    const activeTasks = Array.from({ length: 5000 }, (_, i) => `3_${i}`)
    expect(decodeAssignment(encodeAssignment({ ...assignment, activeTasks })).activeTasks).toEqual(activeTasks)
  })

  it('reads data to which a later version has appended fields', () => {
    const later = Buffer.concat([encodeSubscription(subscription), Buffer.from([1, 2, 3])])
    later.writeUInt16BE(9, 0)
    expect(decodeSubscription(later)).toEqual(subscription)
  })

  it('refuses data that says it needs a later reader', () => {
    const later = encodeSubscription(subscription)
    later.writeUInt16BE(9, 0)
    later.writeUInt16BE(9, 2)
    expect(() => decodeSubscription(later)).toThrow(/needs a reader of version 9.*update millrace/)
  })

  it.each([0, 3, 12, 40])('refuses data cut off after %i bytes', (length) => {
    expect(() => decodeSubscription(encodeSubscription(subscription).subarray(0, length))).toThrow(
      /out of range|ends after the data|outside buffer bounds/,
    )
  })
})
