import { CHANGE_OPTIONS, hintAtExecute, isExecuted } from '../../changes'
import { defineCommand } from '../../command'
import { noSuchGroup } from '../../groups/lag'
import { requireStopped } from '../../groups/live-members'
import { offsetChanges, offsetTarget, TARGET_OPTIONS } from '../../groups/offset-target'
import { partitionOf, partitionsOf } from '../../groups/partitions'
import { KAFKA_OPTIONS, withKafka } from '../../kafka'
import { textTable } from '../../text-table'
import { UsageError } from '../../usage-error'

export const resetOffsets = defineCommand({
  name: 'groups reset-offsets',
  summary: 'Set the offsets of a stopped application: what it reads next',
  details: `
Its stores and internal topics stay: what is read again is counted again. To start over, use \`millrace reset\`.
All instances must be stopped. Offsets outside of what a partition has are moved to its first or last one.`,
  arguments: [{ name: 'group', help: 'the applicationId' }],
  options: {
    'input-topic': {
      type: 'string',
      multiple: 'list',
      value: 'topic',
      help: 'only these topics; default: all that the group has offsets in',
    },
    ...TARGET_OPTIONS,
    ...CHANGE_OPTIONS,
    ...KAFKA_OPTIONS,
  },
  examples: [
    'groups reset-offsets orders-app --input-topic orders --to-earliest',
    'groups reset-offsets orders-app --by-duration 12h --execute',
  ],
  async run(invocation) {
    const { options, args, io, print } = invocation
    const group = args[0]!
    const execute = isExecuted(options)
    const target = offsetTarget(options, io.now())
    if (target === undefined) throw new UsageError('say where to: --to-earliest, --to-latest, --to-datetime, …')
    await withKafka(invocation, async (admin) => {
      await requireStopped(admin, group)
      const committed = await admin.groupOffsets(group)
      const topics = options['input-topic']
      if (committed.size === 0 && topics.length === 0) throw await noSuchGroup(admin, group)
      const inOffsets = [...committed.keys()].map((key) => partitionOf(key).topic)
      const { partitions, missing } = await partitionsOf(admin, topics.length > 0 ? topics : inOffsets)
      const absent = topics.filter((topic) => missing.includes(topic))
      if (absent.length > 0) throw new UsageError(`there is no topic ${absent.join(', ')}`)
      const changes = await offsetChanges(admin, partitions, committed, target)
      // what the old offset's metadata says of stream time does not hold at the new one
      if (execute)
        await admin.alterGroupOffsets(
          group,
          changes.map(({ to, ...at }) => ({ ...at, offset: to, metadata: '' })),
        )
      print({ group, executed: execute, offsets: changes }, () =>
        textTable(
          ['TOPIC', 'PARTITION', 'FROM', 'TO'],
          changes.map(({ topic, partition, from, to }) => [topic, partition, from, to]),
        ),
      )
      if (!execute) hintAtExecute(invocation)
    })
  },
})
