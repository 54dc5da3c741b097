import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { KafkaStreams, type Logger, StreamsBuilder, type StreamsConfig } from '../../lib'
import { workloadNamed } from './workloads'
import type { Workload } from './workloads/workload'

/**
 * One instance of every workload, as a process. Configured by a JSON text in `CHAOS_APP`; says on standard output what it goes
 * through, logs to a file, and closes on SIGTERM. On a line `tasks <request>` it says which tasks it has; on a line
 * `dump <file>` it writes the contents of the stores there. Like a service under a supervisor it ends when one of its applications fails.
 */
export interface ChaosApp {
  readonly workloads: readonly string[]
  /** Before the names of topics and applications. */
  readonly prefix: string
  readonly brokers: readonly string[]
  /** Where to connect to instead of a broker's own port. */
  readonly ports: ReadonlyArray<readonly [broker: number, proxy: number]>
  readonly logFile: string
  readonly config: Omit<StreamsConfig, 'applicationId' | 'kafka' | 'processingGuarantee' | 'logger'>
}

const { workloads, prefix, brokers, ports, logFile, config } = JSON.parse(process.env['CHAOS_APP']!) as ChaosApp
const say = (text: string): void => void process.stdout.write(`${text}\n`)

const log = openSync(logFile, 'a')
/** After everything is closed nothing keeps the process alive. */
const STILL_ALIVE_MS = 5000

process.once('exit', () => closeSync(log))

const text = (value: unknown): string => {
  if (value instanceof Error)
    return `${value.stack}${value.cause === undefined ? '' : `\ncaused by ${text(value.cause)}`}`
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
}

const loggerOf = (name: string): Logger => {
  const at =
    (level: string) =>
    (fields: object, message: string): void => {
      const pairs = Object.entries(fields).map(([field, value]) => ` ${field}=${text(value)}`)
      writeSync(log, `${new Date().toISOString()} ${process.pid} ${level} ${name}: ${message}${pairs.join('')}\n`)
    }
  return {
    debug: process.env['LOG_LEVEL'] === 'debug' ? at('DEBUG') : () => {},
    info: at('INFO'),
    warn: at('WARN'),
    error: at('ERROR'),
  }
}

const proxyOf = new Map(ports)

const throughProxy = ({ port, onConnect }: { host: string; port: number; onConnect: () => void }): Socket =>
  connect({ host: '127.0.0.1', port: proxyOf.get(port) ?? port }, onConnect).setKeepAlive(true)

let ending = false

const end = (): void => {
  ending = true
  commands.close()
  const closing = [...running].map(async ([{ name }, streams]) => {
    say(`closed ${name} ${(await streams.close()) ? 'in time' : 'late'}`)
  })
  void Promise.all(closing).then(() => {
    say('closed')
    const stillAlive = (): void =>
      loggerOf('process').warn({ resources: process.getActiveResourcesInfo() }, 'something keeps the process alive')
    setTimeout(stillAlive, STILL_ALIVE_MS).unref()
  })
}

const fail = (name: string, error: unknown): void => {
  if (ending) return
  const code = (error as { code?: string }).code ?? 'no code'
  say(`error ${name} ${code} ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
  end()
}

const start = (workload: Workload): KafkaStreams => {
  const { name } = workload
  const builder = new StreamsBuilder()
  workload.build(builder, (topic) => `${prefix}-${topic}`)
  const streams = new KafkaStreams(builder.build(), {
    ...config,
    applicationId: `${prefix}-${name}`,
    kafka: { brokers: [...brokers], socketFactory: throughProxy },
    processingGuarantee: workload.guarantee,
    logger: loggerOf(name),
  })
  streams.on('stateChange', ({ to }) => say(`state ${name} ${to}`)).on('error', (error) => fail(name, error))
  return streams
}

const dump = async (file: string): Promise<void> => {
  const stores: Record<string, Array<[string, number]>> = {}
  for (const [{ name, store }, streams] of running) {
    if (!store) continue
    const entries: Array<[string, number]> = []
    for await (const entry of streams.store(store).all()) entries.push(entry)
    stores[name] = entries
  }
  writeFileSync(file, JSON.stringify(stores))
}

const commands = createInterface({ input: process.stdin }).on('line', (line) => {
  const request = /^tasks (.*)/.exec(line)?.[1]
  if (request !== undefined) {
    for (const [{ name }, streams] of running) {
      const tasks = streams.metadataForLocalTasks().map(({ taskId, state }) => `${taskId} ${state}`)
      say(`${request}: ${name} ${streams.state} [${tasks.join(', ')}]`)
    }
    say(`end of tasks ${request}`)
  }
  const file = /^dump (.*)/.exec(line)?.[1]
  if (file !== undefined) {
    dump(file).then(
      () => say('dumped'),
      (error: unknown) => say(`not dumped: ${text(error)}`),
    )
  }
})
process.stdin.unref()
process.once('SIGTERM', end)

const running = new Map(workloads.map(workloadNamed).map((workload) => [workload, start(workload)]))
const started = [...running].map(([{ name }, streams]) => streams.start().catch((error: unknown) => fail(name, error)))
void Promise.all(started).then(() => ending || say('started'))
