import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout } from 'node:timers/promises'
import { KafkaStreams, serdes, StreamsBuilder } from 'millrace'
import { EmbeddedKafka } from 'millrace/embedded'
import { listen } from 'millrace/http'

// Counts words that lie in a Kafka in memory, with applications that differ in their metrics. Each line of standard input names the
// one whose turn it is, and the answer is what it took for as many words as the argument says, in seconds of CPU time. The first line of the output
// has the port of the dashboard.
const [words] = process.argv.slice(2)
const WORDS_A_LINE = 10
const DISTINCT = 50_000
const COMMIT_MS = 200
const lineCount = Math.ceil(Number(words) / WORDS_A_LINE)

let seed = 4711
const nextWord = () => {
  seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
  return `word${seed % DISTINCT}`
}
const newLine = () => ({ value: Array.from({ length: WORDS_A_LINE }, nextWord).join(' ') })

const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const kafka = new EmbeddedKafka()

const open = async (name, level) => {
  const [lines, counts] = [`lines-${name}`, `counts-${name}`]
  // so that one turn has as much in memory as another
  for (const topic of [lines, counts]) await kafka.createTopic(topic, 4, { 'retention.bytes': String(4 * 1024 * 1024) })
  let left = 0
  let finished
  const builder = new StreamsBuilder()
  builder
    .stream(lines, { key: serdes.string(), value: serdes.string() })
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
    .to(counts, { key: serdes.string(), value: serdes.long() })
  const streams = new KafkaStreams(builder.build(), {
    applicationId: `metrics-cost-${name}`,
    kafka,
    stateDir,
    commitInterval: COMMIT_MS,
    metricsRecordingLevel: level,
  })
  await streams.start()
  const takeTurn = async () => {
    streams.pause()
    await kafka.produce(lines, Array.from({ length: lineCount }, newLine))
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
    return (user + system) / 1e6
  }
  return { streams, takeTurn }
}

const apps = {
  off: await open('off', 'off'),
  metrics: await open('metrics', 'info'),
  dashboard: await open('dashboard', 'info'),
}
const server = await listen(apps.dashboard.streams, { port: 0 })
console.log(`PORT ${server.address().port}`)
let turn = 0
for await (const name of createInterface({ input: process.stdin })) {
  console.log(`TURN ${++turn}: ${await apps[name].takeTurn()}`)
}
server.closeAllConnections()
server.close()
for (const { streams } of Object.values(apps)) await streams.close()
await kafka.close()
rmSync(stateDir, { recursive: true, force: true })
