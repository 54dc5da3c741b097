import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { KafkaStreams, serdes } from 'millrace'
import { EmbeddedKafka } from 'millrace/embedded'
import { wordCount } from '../01-word-count/topology'
import { exitOnFailure } from '../run'
import { barChart, WordTable } from './word-table'

/** Word count on a Kafka in this process's memory: lines come from the terminal or from a pipe. */
async function main(): Promise<void> {
  const kafka = new EmbeddedKafka({ topics: { lines: 4, 'word-counts': 4 } })
  const stateDir = await mkdtemp(join(tmpdir(), 'millrace-quick-start-'))
  const streams = new KafkaStreams(wordCount(), {
    applicationId: 'quick-start',
    kafka,
    stateDir,
    commitInterval: '100ms',
    producer: { linger: 5 },
  })
  try {
    await streams.start()
    const table = new WordTable()
    const following = follow(kafka, table)
    await (process.stdin.isTTY ? typed(kafka, table) : piped(kafka, table))
    await streams.close()
    await kafka.close()
    await following
  } finally {
    await streams.close()
    await kafka.close()
    await rm(stateDir, { recursive: true, force: true })
  }
}

/** Keeps the table up to date with what the application writes. */
async function follow(kafka: EmbeddedKafka, table: WordTable): Promise<void> {
  for await (const { key, value } of kafka.subscribe('word-counts', { value: serdes.long() })) {
    if (key !== null && value !== null) table.set(key, value)
  }
}

/** Shows the counts live, above the line that is being typed. */
async function typed(kafka: EmbeddedKafka, table: WordTable): Promise<void> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: '> ' })
  const show = (): void => {
    console.clear()
    console.log('Type lines and watch the words being counted; Ctrl-D ends.\n')
    console.log(barChart(table.top(15)) + '\n')
    terminal.prompt(true)
  }
  table.onChange = show
  show()
  for await (const line of terminal) {
    await kafka.produce('lines', [{ value: line }])
    terminal.prompt()
  }
}

/** Reads to the end of the input, waits until every word is counted, and prints the result. */
async function piped(kafka: EmbeddedKafka, table: WordTable): Promise<void> {
  const started = performance.now()
  let lines: { value: string }[] = []
  let total = 0
  const flush = async (): Promise<void> => {
    await kafka.produce('lines', lines)
    lines = []
  }
  for await (const value of createInterface({ input: process.stdin })) {
    total++
    if (lines.push({ value }) === 1000) await flush()
  }
  await flush()
  await table.settled(await wordsIn(kafka))
  const seconds = (performance.now() - started) / 1000
  const words = table.total
  console.log(barChart(table.top(20)))
  console.log(
    `\n${format(total)} lines, ${format(words)} words, ${format(table.size)} different, in ${seconds.toFixed(2)} s: ` +
      `${format((total + words) / seconds)} records/s`,
  )
}

const format = (value: number): string => Math.round(value).toLocaleString('en')

/** How many words the topology finds in what was written: the truth that the counts must reach. */
async function wordsIn(kafka: EmbeddedKafka): Promise<number> {
  let words = 0
  for (const { value } of await kafka.read('lines'))
    words += (value?.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? []).length
  return words
}

exitOnFailure(main())
