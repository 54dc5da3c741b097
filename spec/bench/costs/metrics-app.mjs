import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { KafkaStreams, serdes, StreamsBuilder } from 'millrace'
import { EmbeddedKafka } from 'millrace/embedded'
import { listen } from 'millrace/http'

// Counts words that lie in a Kafka in memory as fast as it can, with metrics at the level that the first argument says. The first line of output has the
// port of the dashboard. Each line of input is a turn: so many words are produced, and then counted, and a line of output has the CPU time that counting
// them took: of all threads, in microseconds a word.
const [level] = process.argv.slice(2)
const WORDS_A_LINE = 10
/** They fit in a CPU's own cache: what other processes do to a shared one would be most of the differences. */
const DISTINCT = 1000
const PARTITIONS = 4
const COMMIT_MS = 200

let seed = 4711
const nextWord = () => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
  return `word${seed % DISTINCT}`
}
const newLine = () => ({ value: Array.from({ length: WORDS_A_LINE }, nextWord).join(' ') })

const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const kafka = new EmbeddedKafka()
// so that one turn has as much in memory as another
const RETENTION = { 'retention.bytes': String(16 * 1024 * 1024) }
for (const topic of ['lines', 'counts']) await kafka.createTopic(topic, PARTITIONS, RETENTION)

let left = 0
let finished
const builder = new StreamsBuilder()
builder
  .stream('lines', { key: serdes.string(), value: serdes.string() })
  .flatMapValues((line) => line.split(' '))
  .groupBy((word) => word)
  .aggregate(
    () => 0,
    (count) => {
      if (--left === 0) finished()
      return count + 1
    },
    { store: 'counts', value: serdes.long(), logging: false },
  )
  .toStream()
  .to('counts', { key: serdes.string(), value: serdes.long() })
const streams = new KafkaStreams(builder.build(), {
  applicationId: 'metrics-cost',
  kafka,
  stateDir,
  commitInterval: COMMIT_MS,
  metricsRecordingLevel: level,
})
await streams.start()
const server = await listen(streams, { port: 0 })
console.log(`PORT ${server.address().port}`)

let turn = 0
for await (const words of createInterface({ input: process.stdin })) {
  streams.pause()
  const lineCount = Math.ceil(Number(words) / WORDS_A_LINE)
  await kafka.produce('lines', Array.from({ length: lineCount }, newLine))
  left = lineCount * WORDS_A_LINE
  const end = new Promise((resolve) => (finished = resolve))
  // what earlier turns have left is not this one's to collect
  globalThis.gc()
  const before = process.cpuUsage()
  streams.resume()
  await end
  // the commit is part of it
  await setTimeout(2 * COMMIT_MS)
  const { user, system } = process.cpuUsage(before)
  console.log(`TURN ${++turn}: ${(user + system) / (lineCount * WORDS_A_LINE)}`)
}
server.closeAllConnections()
server.close()
await streams.close()
await kafka.close()
rmSync(stateDir, { recursive: true, force: true })
