import { defineCommand } from '../../command'
import { KAFKA_OPTIONS, withKafka } from '../../kafka'
import { UsageError } from '../../usage-error'
import { textTable } from '../../text-table'

/** Of the group protocols that the tool lists, as Kafka calls them. */
const STATES = 'PreparingRebalance, CompletingRebalance, Assigning, Reconciling, Stable, Empty, Dead'

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
    const known = STATES.toLowerCase().split(', ')
    const unknown = states.find((state) => !known.includes(state))
    if (unknown !== undefined) throw new UsageError(`there is no state '${unknown}': give ${STATES}`)
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
