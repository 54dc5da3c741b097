import { decodeAssignment } from '../../../assignment/user-data'
import type { GroupDescription, MemberDescription } from '../../../kafka/port'
import { defineCommand } from '../../command'
import { type GroupLag, groupLag, totalLag } from '../../groups/lag'
import { KAFKA_OPTIONS, withKafka } from '../../kafka'
import { textTable } from '../../text-table'

export const describe = defineCommand({
  name: 'groups describe',
  summary: "Show a group's state, its members with what they have, and its offsets",
  details: 'Without --state, --members and --offsets it shows all three; --json always has them all.',
  arguments: [{ name: 'group', help: 'the applicationId' }],
  options: {
    state: { type: 'boolean', help: 'show the state' },
    members: { type: 'boolean', help: 'show the members, and their tasks where millrace runs them' },
    offsets: { type: 'boolean', help: 'show committed offsets and lag' },
    ...KAFKA_OPTIONS,
  },
  examples: ['groups describe orders-app', 'groups describe orders-app --members'],
  async run(invocation) {
    const { options, args, print } = invocation
    const found = await withKafka(invocation, (admin) => groupLag(admin, args[0]!))
    const all = !options.state && !options.members && !options.offsets
    const shown: string[] = []
    if (all || options.state) shown.push(stateTable(found))
    if (all || options.members) shown.push(memberTable(found.group))
    if (all || options.offsets) shown.push(offsetTable(found))
    print(report(found), () => shown.join('\n'))
  },
})

const report = ({ group, partitions }: GroupLag): unknown => ({
  groupId: group.groupId,
  state: group.state,
  protocolType: group.protocolType,
  assignor: group.protocol,
  lag: totalLag(partitions),
  members: group.members.map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    clientId: member.clientId,
    host: member.host,
    tasks: tasksOf(group, member),
    partitions: member.assignment.partitions,
  })),
  offsets: partitions,
})

const stateTable = ({ group, partitions }: GroupLag): string =>
  textTable(
    ['GROUP', 'STATE', 'ASSIGNOR', 'MEMBERS', 'LAG'],
    [[group.groupId, group.state, group.protocol, group.members.length, totalLag(partitions)]],
  )

const memberTable = (group: GroupDescription): string =>
  group.members.length === 0
    ? 'no members\n'
    : textTable(
        ['MEMBER', 'INSTANCE ID', 'CLIENT', 'HOST', 'TASKS', 'PARTITIONS'],
        group.members.map((member) => {
          const { memberId, groupInstanceId, clientId, host, assignment } = member
          return [
            memberId,
            groupInstanceId,
            clientId,
            host,
            tasksOf(group, member)?.join(' '),
            assignment.partitions.length,
          ]
        }),
      )

const offsetTable = ({ partitions }: GroupLag): string =>
  textTable(
    ['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG', 'MEMBER'],
    partitions.map(({ topic, partition, committed, end, lag, member }) => [
      topic,
      partition,
      committed,
      end,
      lag,
      member,
    ]),
  )

/** `null` for members of other libraries. */
const tasksOf = ({ protocol }: GroupDescription, { assignment }: MemberDescription): readonly string[] | null => {
  if (protocol !== 'millrace' || assignment.userData.length === 0) return null
  try {
    return decodeAssignment(assignment.userData).activeTasks
  } catch {
    return null // of a newer version
  }
}
