import { StreamsError } from '../../../errors'
import { defineCommand } from '../../command'
import { boundedRead } from '../../dead-letters/bounded-read'
import { type DeadLetter, deadLetterOf } from '../../dead-letters/dead-letter'
import { FORMAT_OPTIONS, formatsOf, longText, reportOf } from '../../dead-letters/report'
import { selectionOf } from '../../dead-letters/selection'
import { KAFKA_OPTIONS, withKafka } from '../../kafka'
import { UsageError } from '../../usage-error'

export const show = defineCommand({
  name: 'dlq show',
  summary: 'Show one record of a dead letter topic whole: key, value, headers, error and stack trace',
  arguments: [
    { name: 'topic', help: 'the dead letter topic' },
    { name: 'partition', help: 'of the dead letter topic, as dlq list has it' },
    { name: 'offset', help: 'in that partition, as dlq list has it' },
  ],
  options: { ...FORMAT_OPTIONS, ...KAFKA_OPTIONS },
  examples: ['dlq show orders-dead 0 42', 'dlq show orders-dead 0 42 --value-format json'],
  async run(invocation) {
    const { options, args, print } = invocation
    const [topic = '', partition = '', offset = ''] = args
    for (const [name, text] of Object.entries({ partition, offset })) {
      if (!/^\d+$/.test(text)) throw new UsageError(`the ${name} is '${text}': give a whole number, as dlq list has it`)
    }
    const formats = formatsOf(options)
    const selection = selectionOf({ ...EVERYTHING, partition, 'from-offset': offset, 'to-offset': offset })
    const letter = await withKafka(invocation, async (admin, client): Promise<DeadLetter> => {
      for await (const record of boundedRead(client, await selection.ranges(admin, topic))) {
        if (record.cursor.offset === Number(offset)) return deadLetterOf(record)
      }
      throw new StreamsError(
        'INVALID_ARGUMENT',
        `${topic}-${partition} has no record at offset ${offset}: it was deleted, or never written`,
      )
    })
    print(reportOf(letter, formats), () => longText(letter, formats))
  },
})

const EVERYTHING = {
  since: undefined,
  until: undefined,
  exception: [],
  message: undefined,
  'source-topic': [],
  header: [],
} as const
