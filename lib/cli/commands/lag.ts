import { setTimeout as sleep } from 'node:timers/promises'
import { defineCommand } from '../command'
import { duration } from '../duration-option'
import { type GroupLag, groupLag, totalLag } from '../groups/lag'
import { KAFKA_OPTIONS, withKafka } from '../kafka'
import { textTable } from '../text-table'

const CLEAR_SCREEN = '\x1b[2J\x1b[H'

export const lag = defineCommand({
  name: 'lag',
  summary: 'Show how far an application is behind, by topic and partition',
  details: `
Lag counts offsets between the committed one and the end of the partition. Transactions take offsets of their own, so
that the lag of their topics can be above the number of records. Exit code 0 whatever the lag is.`,
  options: {
    'application-id': { type: 'string', required: true, value: 'id', help: 'the application, or any consumer group' },
    watch: { type: 'boolean', help: 'repeat until Ctrl+C; with --json one line each time' },
    interval: { type: 'string', value: 'duration', help: 'of --watch; default: 2s' },
    ...KAFKA_OPTIONS,
  },
  examples: ['lag --application-id orders-app', 'lag --application-id orders-app --watch --interval 10s'],
  async run(invocation) {
    const { options, io, json, print } = invocation
    const interval = duration(options.interval ?? '2s', 'interval')
    await withKafka(invocation, async (admin) => {
      for (;;) {
        const found = await groupLag(admin, options['application-id'])
        if (options.watch && !json) io.out(io.readByPerson ? CLEAR_SCREEN : `\n${new Date(io.now()).toISOString()}\n`)
        print(report(found), () => table(found))
        if (!options.watch) return
        try {
          await sleep(interval, undefined, { signal: io.interruption() })
        } catch {
          return // interrupted
        }
      }
    })
  },
})

const report = ({ group, partitions }: GroupLag): unknown => ({
  applicationId: group.groupId,
  state: group.state,
  lag: totalLag(partitions),
  partitions: partitions.map(({ topic, partition, committed, end, lag }) => ({
    topic,
    partition,
    committed,
    end,
    lag,
  })),
})

const table = ({ group, partitions }: GroupLag): string => {
  const rows = partitions.map(({ topic, partition, committed, end, lag }) => [topic, partition, committed, end, lag])
  const topics = new Map<string, number>()
  for (const { topic, lag } of partitions) topics.set(topic, (topics.get(topic) ?? 0) + lag)
  const totals = textTable(['TOPIC', 'LAG'], [...topics, ['total', totalLag(partitions)]])
  const members = `${group.members.length} ${group.members.length === 1 ? 'member' : 'members'}`
  return [
    `${group.groupId}: ${group.state}, ${members}\n`,
    textTable(['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG'], rows),
    totals,
  ].join('\n')
}
