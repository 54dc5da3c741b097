import { ByteWriter } from '../../../lib/assignment/bytes'
import { NO_HOSTS, writeClusterHosts } from '../../../lib/assignment/cluster-hosts'
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
  host: { host: 'orders-0', port: 8080 },
}

const assignment: AssignmentInfo = {
  activeTasks: ['0_0', '1_5'],
  followUp: true,
  error: 'missing-source-topics',
  errorCode: 'MISSING_SOURCE_TOPIC',
  errorMessage: 'wörds is missing',
  missingTopics: ['wörds', 'other'],
  hosts: {
    partitionCounts: new Map([
      ['words', 3],
      ['app-counts-repartition', 2],
    ]),
    active: [
      {
        host: { host: 'orders-0', port: 8080 },
        partitions: [
          { topic: 'words', partition: 2 },
          { topic: 'app-counts-repartition', partition: 1 },
        ],
      },
      { host: { host: '::1', port: 65_535 }, partitions: [] },
    ],
    standby: [{ host: { host: 'orders-1', port: 1 }, partitions: [{ topic: 'words', partition: 0 }] }],
  },
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
      host: undefined,
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

  it('has hosts in the layout of the AssignmentInfo of Java', () => {
    const writer = new ByteWriter()
    writeClusterHosts(writer, {
      partitionCounts: new Map([['t', 2]]),
      active: [{ host: { host: 'h', port: 9 }, partitions: [{ topic: 't', partition: 1 }] }],
      standby: [],
    })
    const dictionary = '0000000100000000000174'
    const active = '00000001' + '000168' + '00000009' + '00000001' + '00000000' + '00000001'
    const standby = '00000000'
    const partitionCounts = '00000002'
    expect(writer.finish().toString('hex')).toBe(dictionary + active + standby + partitionCounts)
  })

  it('has the address of a subscription in the layout of the SubscriptionInfo of Java', () => {
    const encoded = encodeSubscription({ ...subscription, host: { host: 'h', port: 9 } })
    expect(encoded.toString('hex')).toMatch(/00000003683a39$/)
  })

  it('reads data of a version without hosts', () => {
    const older = encodeSubscription({ ...subscription, host: undefined }).subarray(0, -4)
    older.writeUInt16BE(2, 0)
    expect(decodeSubscription(older)).toEqual({ ...subscription, host: undefined })
    const hosts = new ByteWriter()
    writeClusterHosts(hosts, assignment.hosts)
    const olderAssignment = encodeAssignment(assignment).subarray(0, -hosts.finish().length)
    olderAssignment.writeUInt16BE(2, 0)
    expect(decodeAssignment(olderAssignment)).toEqual({ ...assignment, hosts: NO_HOSTS })
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
