import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { KafkaStreams, serdes, StreamsBuilder } from 'millrace'
import { EmbeddedKafka } from 'millrace/embedded'
import { listen } from 'millrace/http'

// Counts words that lie in a Kafka in memory, and prints the CPU time of the second half, when the code is compiled, in seconds. The
// arguments: the level of metrics, how many words, and whether to wait for a reader of the dashboard, for which it prints its port first.
const [level, words, dashboard] = process.argv.slice(2)
const WORDS_A_LINE = 10
const DISTINCT = 50_000
const total = Math.ceil(Number(words) / WORDS_A_LINE) * WORDS_A_LINE

const kafka = new EmbeddedKafka({ topics: { lines: 4, counts: 4 } })
let seed = 4711
const nextWord = () => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
  return `word${seed % DISTINCT}`
}
const lines = Array.from({ length: total / WORDS_A_LINE }, () => ({
  value: Array.from({ length: WORDS_A_LINE }, nextWord).join(' '),
}))
await kafka.produce('lines', lines)

let seen = 0
let half
let finished
const end = new Promise((resolve) => (finished = resolve))
const builder = new StreamsBuilder()
builder
  .stream('lines', { key: serdes.string(), value: serdes.string() })
  .flatMapValues((line) => line.split(' '))
  .groupBy((word) => word)
  .aggregate(
    () => 0,
    (count) => {
      seen++
      if (seen === total / 2) half = process.cpuUsage()
      else if (seen === total) finished(process.cpuUsage(half))
      return count + 1
    },
    { store: 'counts', value: serdes.long() },
  )
  .toStream()
  .to('counts', { key: serdes.string(), value: serdes.long() })

const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const streams = new KafkaStreams(builder.build(), {
  applicationId: 'metrics-cost',
  kafka,
  stateDir,
  commitInterval: '1s',
  metricsRecordingLevel: level,
})
let server
if (dashboard === 'true') {
  server = await listen(streams, { port: 0 })
  console.log(`PORT ${server.address().port}`)
  await new Promise((resolve) => server.once('request', resolve))
}
await streams.start()
const { user, system } = await end
console.log(`CPU ${(user + system) / 1e6}`)
server?.closeAllConnections()
server?.close()
await streams.close()
await kafka.close()
rmSync(stateDir, { recursive: true, force: true })
