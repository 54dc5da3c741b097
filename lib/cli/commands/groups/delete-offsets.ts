import { CHANGE_OPTIONS, hintAtExecute, isExecuted } from '../../changes'
import { defineCommand } from '../../command'
import { noSuchGroup } from '../../groups/lag'
import { requireStopped } from '../../groups/live-members'
import { inOrder, partitionOf } from '../../groups/partitions'
import { KAFKA_OPTIONS, withKafka } from '../../kafka'
import { textTable } from '../../text-table'
import { UsageError } from '../../usage-error'

export const deleteOffsets = defineCommand({
  name: 'groups delete-offsets',
  summary: "Delete a group's offsets in some topics",
  details: 'The application then reads them from where its autoOffsetReset says. All instances must be stopped.',
  arguments: [{ name: 'group', help: 'the applicationId' }],
  options: {
    'input-topic': {
      type: 'string',
      multiple: 'list',
      required: true,
      value: 'topic',
      help: 'the topics, with commas',
    },
    ...CHANGE_OPTIONS,
    ...KAFKA_OPTIONS,
  },
  examples: ['groups delete-offsets orders-app --input-topic orders,customers --execute'],
  async run(invocation) {
    const { options, args, print } = invocation
    const group = args[0]!
    const execute = isExecuted(options)
    await withKafka(invocation, async (admin) => {
      const committed = await admin.groupOffsets(group)
      if (committed.size === 0) throw await noSuchGroup(admin, group)
      await requireStopped(admin, group)
      const all = inOrder([...committed].map(([key, { offset }]) => ({ ...partitionOf(key), offset })))
      const topics = new Set(all.map(({ topic }) => topic))
      const strange = options['input-topic'].filter((topic) => !topics.has(topic))
      if (strange.length > 0) {
        throw new UsageError(`${group} has no offsets in ${strange.join(', ')}, but in ${[...topics].join(', ')}`)
      }
      const offsets = all.filter(({ topic }) => options['input-topic'].includes(topic))
      if (execute) await admin.deleteGroupOffsets(group, offsets)
      print({ group, executed: execute, offsets }, () =>
        textTable(
          ['TOPIC', 'PARTITION', 'DELETED OFFSET'],
          offsets.map(({ topic, partition, offset }) => [topic, partition, offset]),
        ),
      )
      if (!execute) hintAtExecute(invocation)
    })
  },
})
