import { tpKey } from '../../../record/topic-partition'
import { CHANGE_OPTIONS, hintAtExecute, isExecuted } from '../../changes'
import { defineCommand } from '../../command'
import { countReplay, replay as replayAll, type ReplayCounts } from '../../dead-letters/replay'
import { SELECTION_OPTIONS, selectionOf } from '../../dead-letters/selection'
import { EXIT } from '../../io'
import { KAFKA_OPTIONS, withKafka } from '../../kafka'
import { textTable } from '../../text-table'

export const replay = defineCommand({
  name: 'dlq replay',
  summary: 'Write the records of a dead letter topic back to the topics that they came from',
  details: `
Each keeps its key, value, timestamp and partition, and its headers but for those of the error. It replays what the topic
has at the start; records that fail again come later. They are written in transactions of 1,000: if it ends early, what
was committed stays, and is replayed again by the next call. With --group, each call replays only what no earlier one has
read: the group's offsets are part of the transactions.`,
  arguments: [{ name: 'topic', help: 'the dead letter topic' }],
  options: {
    ...SELECTION_OPTIONS,
    to: { type: 'string', value: 'topic', help: 'write to this topic instead' },
    group: { type: 'string', value: 'id', help: 'a consumer group that remembers what was read, selected or not' },
    'transactional-id': {
      type: 'string',
      value: 'id',
      help: 'default: millrace-dlq-replay-<topic>: one replay at a time',
    },
    ...CHANGE_OPTIONS,
    ...KAFKA_OPTIONS,
  },
  examples: [
    'dlq replay orders-dead --exception TimeoutError',
    'dlq replay orders-dead --group orders-dead-replay --execute',
  ],
  async run(invocation) {
    const { options, args, io, json, print } = invocation
    const topic = args[0]!
    const execute = isExecuted(options)
    const selection = selectionOf(options)
    const { to, group } = options
    return withKafka(invocation, async (admin, client) => {
      const read = group === undefined ? undefined : await admin.groupOffsets(group)
      const ranges = await selection.ranges(
        admin,
        topic,
        (partition) => read?.get(tpKey(topic, partition))?.offset ?? 0,
      )
      const transactionalId = options['transactional-id'] ?? `millrace-dlq-replay-${topic}`
      const progress = (counts: ReplayCounts): void => {
        if (io.interactive && !json) io.err(`\rreplayed ${totalOf(counts)}, passed over ${counts.passedOver} … `)
      }
      const signal = execute ? io.interruption() : undefined
      const counts = signal
        ? await replayAll(client, { ranges, selection, to, group, transactionalId, signal, progress })
        : await countReplay(client, { ranges, selection, to })
      if (execute && io.interactive && !json) io.err('\r\x1b[K')
      const missing = execute ? [] : await missingTopics(admin, [...counts.replayed.keys()])
      const interrupted = signal?.aborted === true
      print(
        {
          topic,
          executed: execute,
          interrupted,
          replayed: Object.fromEntries(counts.replayed),
          passedOver: counts.passedOver,
          withoutSource: counts.withoutSource,
          withoutBytes: counts.withoutBytes,
          missingTopics: missing,
        },
        () =>
          textTable(['TO TOPIC', execute ? 'REPLAYED' : 'TO REPLAY'], [...counts.replayed, ['total', totalOf(counts)]]),
      )
      if (!json) {
        if (counts.passedOver > 0) io.err(`Passed over ${counts.passedOver} that were not selected.\n`)
        if (counts.withoutSource > 0) {
          io.err(`Passed over ${counts.withoutSource} that no header says the topic of: give it with --to.\n`)
        }
        if (counts.withoutBytes > 0) {
          io.err(`Passed over ${counts.withoutBytes} without key and value: replay their source records instead.\n`)
        }
        if (missing.length > 0) io.err(`There is no topic ${missing.join(', ')}: create it, or use --to.\n`)
        if (interrupted) io.err('Interrupted: what is listed was replayed, the rest was not.\n')
      }
      if (!execute) hintAtExecute(invocation)
      return interrupted || missing.length > 0 ? EXIT.failed : EXIT.ok
    })
  },
})

const totalOf = ({ replayed }: ReplayCounts): number => [...replayed.values()].reduce((sum, count) => sum + count, 0)

const missingTopics = async (
  admin: { topics(names: readonly string[]): Promise<{ topic: string; error?: unknown }[]> },
  names: readonly string[],
): Promise<string[]> => (await admin.topics(names)).filter(({ error }) => error !== undefined).map(({ topic }) => topic)
