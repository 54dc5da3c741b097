import { javaAvailable, type KafkaCluster, startKafka } from '../support/kafka-broker'
import { Arena } from './arena'
import { isSpecial, parseBenchArguments } from './arguments'
import { contest } from './contest'
import { Contestants } from './contestants'
import { COSTS } from './costs'
import { statsAvailable } from './process-stats'
import { complaintsOf, readRecorded, writeRecorded } from './recorded'
import { printResult, printTurns, writeFigures } from './report'
import { type Result, summarize } from './summary'
import { WORKLOADS, workloadNamed } from './workloads'
import type { Workload } from './workload'

type Values = Extract<ReturnType<typeof parseBenchArguments>, { kind: 'run' }>['values']

const measure = async (arena: Arena, workload: Workload, values: Values): Promise<Result> => {
  const usual = values.check ? readRecorded().rows[workload.name]!.records : workload.records
  const { records = usual, rounds, guarantee } = values
  console.log(
    `\n${workload.name}: ${workload.description}, ${records.toLocaleString('en')} ${workload.unit ?? 'records'}`,
  )
  const options = { records, rounds, extraRounds: values['extra-rounds'], guarantee, quix: values.quix }
  const run = await contest(arena, workload, options, printTurns(workload, records))
  const result = summarize(workload, records, run, rounds)
  printResult(result)
  return result
}

const requireRecorded = (workloads: readonly Workload[]): void => {
  const { rows } = readRecorded()
  const missing = workloads.filter(({ name }) => rows[name] === undefined)
  if (missing.length === 0) return
  const names = missing.map(({ name }) => name).join(', ')
  throw new Error(`spec/bench/recorded.json has no ratios of ${names}: npm run bench -- all records them`)
}

const main = async (): Promise<void> => {
  const parsed = parseBenchArguments(process.argv.slice(2))
  if (parsed.kind === 'stop') {
    ;(parsed.exitCode === 0 ? console.log : console.error)(parsed.text)
    process.exitCode = parsed.exitCode
    return
  }
  const { command, values } = parsed
  const cost = COSTS[command]
  if (cost !== undefined) {
    await cost.measure({ records: values.records ?? cost.records, rounds: values.rounds })
    return
  }
  const workloads = command === 'all' ? WORKLOADS : [workloadNamed(command)]
  if (!statsAvailable()) throw new Error('The benchmarks read CPU time and memory from /proc: they need Linux.')
  if (!javaAvailable()) {
    throw new Error('The benchmarks compare with Java Kafka Streams: Java 17 or newer and Maven are needed.')
  }
  if (values.check) requireRecorded(workloads)
  const results = await measureAll(workloads, values, (soFar) => {
    // after each row: a run of hours that is cut short keeps what it has
    if (values.check || command !== 'all' || isSpecial(values)) return
    writeFigures(soFar, new Date())
    writeRecorded(soFar)
  })
  if (values.check) {
    const complaints = complaintsOf(results, readRecorded())
    for (const complaint of complaints) console.error(complaint)
    if (complaints.length > 0) process.exitCode = 1
  }
}

const measureAll = async (
  workloads: readonly Workload[],
  values: Values,
  measured: (soFar: readonly Result[]) => void,
): Promise<Result[]> => {
  const contestants = new Contestants()
  let cluster: KafkaCluster | undefined
  let arena: Arena | undefined
  try {
    await contestants.prepare(workloads, values.quix)
    const given = process.env['KAFKA_BOOTSTRAP_SERVERS']
    if (!given) cluster = await startKafka({ fullJvm: true })
    arena = await Arena.open(given || cluster!.bootstrapServers, contestants)
    const results: Result[] = []
    for (const workload of workloads) {
      try {
        results.push(await measure(arena, workload, values))
        measured(results)
      } catch (error) {
        // the other rows of hours still count
        failed(error)
      }
    }
    return results
  } finally {
    await arena?.close()
    await cluster?.close()
    contestants.close()
  }
}

const failed = (error: unknown): void => {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

main().catch(failed)
