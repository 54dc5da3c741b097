import { RepeatedWarnings } from '../../../../../lib/kafka/kafkajs/connection/repeated-warnings'
import { type AssignedPartition, assignedPartition } from '../../../../../lib/kafka/kafkajs/fetcher/assigned-partition'
import { LeaderLookup } from '../../../../../lib/kafka/kafkajs/fetcher/leader-lookup'
import { ScriptedLeaders } from '../scripted-leaders'

const NO_TOPIC = { errorCode: 3, partitions: [] }

let leaders: ScriptedLeaders
let told: string[]

const lookUp = async (...partitions: AssignedPartition[]): Promise<void> => {
  const { connection } = leaders
  const byKey = new Map(partitions.map((assigned) => [assigned.key, assigned]))
  const lookup = new LeaderLookup(connection, new RepeatedWarnings(connection.logger), byKey, {
    lookedUp: () => {},
    failed: (assigned, { code }) => {
      assigned.halted = true
      told.push(`${assigned.partition} failed: ${code}`)
    },
    unknown: ({ partition }, { code }) => told.push(`${partition} is unknown: ${code}`),
  })
  await lookup.lookUp()
}
const partition = (number: number, fields: Partial<AssignedPartition> = {}): AssignedPartition =>
  Object.assign(assignedPartition({ topic: 't', partition: number }, 0, -1, 1, false), fields)

beforeEach(() => {
  leaders = new ScriptedLeaders()
  told = []
})

describe('a look-up of leaders', () => {
  it('tells once of a partition that has vanished, and once of another one that is there in its place', async () => {
    leaders.topics.set('t', NO_TOPIC)
    leaders.refresh = () => {
      if (leaders.refreshes === 6) leaders.leaders.set('t-0', 1)
    }
    await lookUp(partition(0, { leaderEpoch: 0 }))
    expect(told).toEqual(['0 is unknown: UNKNOWN_TOPIC_OR_PARTITION', '0 is unknown: UNKNOWN_TOPIC_ID'])
    expect(leaders.refreshes).toBe(6)
  })

  it('tells at once of one that is back before it was missed for long', async () => {
    leaders.topics.set('t', NO_TOPIC)
    leaders.refresh = () => {
      if (leaders.refreshes === 2) leaders.leaders.set('t-0', 1).set('t-1', 1)
    }
    await lookUp(partition(0, { leaderEpoch: 0 }), partition(1))
    expect(told).toEqual(['0 is unknown: UNKNOWN_TOPIC_ID'])
  })

  it('tells nothing of a partition that has no leader for long', async () => {
    leaders.topics.set('t', { errorCode: 0, partitions: [{}] })
    leaders.refresh = () => {
      if (leaders.refreshes === 6) leaders.leaders.set('t-0', 1)
    }
    await lookUp(partition(0, { vanished: true, leaderEpoch: -1 }))
    expect(told).toEqual([])
  })

  it('ends for a partition whose topic may not be described', async () => {
    leaders.topics.set('t', { errorCode: 29, partitions: [] })
    await lookUp(partition(0))
    expect(told).toEqual(['0 failed: TOPIC_AUTHORIZATION_FAILED'])
  })
})
