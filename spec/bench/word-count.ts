import { Kafka, logLevel } from 'kafkajs'
import { contest } from './contest'
import type { Contestants } from './contestants'

const WORDS_PER_LINE = 8
const PARTITIONS = 4

export interface WordCountOptions {
  readonly words: number
  readonly rounds: number
  readonly guarantee: 'at_least_once' | 'exactly_once'
}

/** Split, re-key, repartition, count: one stream thread, 10 MB of cache, a commit every second. */
export const benchWordCount = async (
  contestants: Contestants,
  bootstrapServers: string,
  { words, rounds, guarantee }: WordCountOptions,
): Promise<void> => {
  const run = `wc-${Date.now()}`
  const input = `${run}-lines`
  const lines = Math.ceil(words / WORDS_PER_LINE)
  const broker = { KAFKA_BOOTSTRAP_SERVERS: bootstrapServers }
  const admin = new Kafka({ brokers: bootstrapServers.split(','), logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await contestants.java('GenerateLines', [input, lines, PARTITIONS], broker)
    await contest('word-count', 'words', rounds, async (contestant, round) => {
      const applicationId = `${run}-${contestant}-${round}`
      const output = `${applicationId}-out`
      await admin.createTopics({ topics: [{ topic: output, numPartitions: PARTITIONS }] })
      const measured = await contestants.run(
        contestant,
        { java: 'WordCount', millrace: 'word-count' },
        {
          ...broker,
          APPLICATION_ID: applicationId,
          INPUT_TOPIC: input,
          OUTPUT_TOPIC: output,
          WORDS: String(lines * WORDS_PER_LINE),
          THREADS: '1',
          GUARANTEE: guarantee,
          CACHE_BYTES: String(10 * 1024 * 1024),
          COMMIT_MS: '1000',
        },
      )
      await deleteTopics(admin, applicationId)
      return measured
    })
    await deleteTopics(admin, run)
  } finally {
    await admin.disconnect()
  }
}

/** What a round left on the broker would slow the next one down. */
const deleteTopics = async (admin: ReturnType<Kafka['admin']>, prefix: string): Promise<void> => {
  const topics = (await admin.listTopics()).filter((topic) => topic.startsWith(prefix))
  if (topics.length > 0) await admin.deleteTopics({ topics })
}
