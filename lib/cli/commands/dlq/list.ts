import { asText, decoded } from '../../byte-format'
import { defineCommand } from '../../command'
import { boundedRead } from '../../dead-letters/bounded-read'
import { type DeadLetter, deadLetterOf } from '../../dead-letters/dead-letter'
import { FORMAT_OPTIONS, formatsOf, reportOf, sourceText } from '../../dead-letters/report'
import { SELECTION_OPTIONS, selectionOf } from '../../dead-letters/selection'
import { wholeNumber } from '../../groups/offset-target'
import { KAFKA_OPTIONS, withKafka } from '../../kafka'
import { textTable } from '../../text-table'
import { timeText } from '../../time-text'

const DEFAULT_LIMIT = 100
const TEXT_WIDTH = 60

export const list = defineCommand({
  name: 'dlq list',
  summary: 'List the records of a dead letter topic with what went wrong',
  details: 'Reads what deadLetterTopic() writes, and Kafka Streams with KIP-1034: the __streams.errors headers.',
  arguments: [{ name: 'topic', help: 'the dead letter topic' }],
  options: {
    ...SELECTION_OPTIONS,
    limit: { type: 'string', value: 'n', help: `how many at most; default: ${DEFAULT_LIMIT}` },
    summary: { type: 'boolean', help: 'count them by error and source topic instead; without a limit' },
    ...FORMAT_OPTIONS,
    ...KAFKA_OPTIONS,
  },
  examples: ['dlq list orders-dead --summary', 'dlq list orders-dead --exception TypeError --since 2026-01-31'],
  async run(invocation) {
    const { options, args, io, json, print } = invocation
    const selection = selectionOf(options)
    const formats = formatsOf(options)
    const limit = options.limit === undefined ? DEFAULT_LIMIT : wholeNumber(options.limit, 'limit')
    await withKafka(invocation, async (admin, client) => {
      const found: DeadLetter[] = []
      const counts = new Map<string, number>()
      let more = false
      for await (const record of boundedRead(client, await selection.ranges(admin, args[0]!))) {
        const letter = deadLetterOf(record)
        if (!selection.has(letter)) continue
        if (options.summary) {
          const kind = JSON.stringify([letter.error.get('exception') ?? '', letter.source?.topic ?? ''])
          counts.set(kind, (counts.get(kind) ?? 0) + 1)
        } else if (found.length < limit) found.push(letter)
        else {
          more = true
          break
        }
      }
      if (options.summary) return printSummary(counts, print)
      print(
        found.map((letter) => reportOf(letter, formats)),
        () =>
          textTable(
            ['PARTITION', 'OFFSET', 'TIME', 'FROM', 'KEY', 'ERROR'],
            found.map((letter) => [
              letter.partition,
              letter.offset,
              timeText(letter.timestamp),
              sourceText(letter),
              shortened(asText(decoded(formats.key, letter.key))),
              shortened(['exception', 'message'].flatMap((name) => letter.error.get(name) ?? []).join(': ')),
            ]),
          ),
      )
      if (more && !json) io.err(`There are more: raise --limit (${limit}), or choose among them.\n`)
    })
  },
})

const printSummary = (
  counts: ReadonlyMap<string, number>,
  print: (data: unknown, text: () => string) => void,
): void => {
  const rows = [...counts]
    .map(([kind, count]) => [...(JSON.parse(kind) as [string, string]), count] as const)
    .sort((a, b) => b[2] - a[2])
  print(
    rows.map(([exception, topic, count]) => ({ exception, topic, count })),
    () => textTable(['ERROR', 'FROM TOPIC', 'RECORDS'], rows),
  )
}

const shortened = (text: string): string => {
  const [line = ''] = text.split('\n')
  return line.length <= TEXT_WIDTH && line === text ? text : `${line.slice(0, TEXT_WIDTH - 1)}…`
}
