import { defineCommand } from '../../command'
import { KAFKA_OPTIONS, withKafka } from '../../kafka'
import { textTable } from '../../text-table'

export const list = defineCommand({
  name: 'groups list',
  summary: 'List the consumer groups of the cluster',
  options: {
    state: { type: 'string', multiple: 'list', value: 'state', help: 'only those in a state, such as Stable or Empty' },
    ...KAFKA_OPTIONS,
  },
  examples: ['groups list', 'groups list --state Empty'],
  async run(invocation) {
    const states = invocation.options.state.map((state) => state.toLowerCase())
    const groups = (await withKafka(invocation, (admin) => admin.listGroups())).filter(
      ({ state }) => states.length === 0 || states.includes(state.toLowerCase()),
    )
    invocation.print(groups, () =>
      textTable(
        ['GROUP', 'STATE', 'TYPE'],
        groups.map(({ groupId, state, protocolType }) => [groupId, state, protocolType]),
      ),
    )
  },
})
