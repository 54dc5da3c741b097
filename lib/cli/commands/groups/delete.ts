import { CHANGE_OPTIONS, hintAtExecute, isExecuted } from '../../changes'
import { defineCommand } from '../../command'
import { noSuchGroup } from '../../groups/lag'
import { requireStopped } from '../../groups/live-members'
import { KAFKA_OPTIONS, withKafka } from '../../kafka'

export const deleteGroup = defineCommand({
  name: 'groups delete',
  summary: 'Delete a group with all of its offsets',
  details:
    'Topics and local state stay: `millrace reset` removes those of an application. All instances must be stopped.',
  arguments: [{ name: 'group', help: 'the applicationId' }],
  options: { ...CHANGE_OPTIONS, ...KAFKA_OPTIONS },
  examples: ['groups delete orders-app --execute'],
  async run(invocation) {
    const { options, args, print } = invocation
    const group = args[0]!
    const execute = isExecuted(options)
    await withKafka(invocation, async (admin) => {
      const [{ state }, offsets] = await Promise.all([admin.describeGroup(group), admin.groupOffsets(group)])
      if (state === 'Dead') throw await noSuchGroup(admin, group)
      await requireStopped(admin, group)
      if (execute) await admin.deleteGroup(group)
      print({ group, executed: execute, offsets: offsets.size }, () =>
        execute
          ? `deleted group ${group} with ${offsets.size} offsets`
          : `would delete group ${group} with ${offsets.size} offsets`,
      )
      if (!execute) hintAtExecute(invocation)
    })
  },
})
