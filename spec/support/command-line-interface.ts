import { runCommandLine } from '../../lib/cli/main'
import type { CommandIo } from '../../lib/cli/io'
import type { KafkaConfig } from '../../lib/kafka/kafkajs'
import type { EmbeddedKafka } from '../../lib/kafka/memory'

/** What one command line has printed, and its exit code. */
export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The `millrace` command in this process, on an embedded Kafka. */
export class CommandLine {
  /** The configurations that connections were asked for. */
  readonly connections: KafkaConfig[] = []
  private readonly interruption = new AbortController()

  constructor(
    private readonly kafka?: EmbeddedKafka,
    private readonly world: Partial<CommandIo> = {},
  ) {}

  interrupt(): void {
    this.interruption.abort()
  }

  async run(...args: string[]): Promise<Outcome> {
    const printed = { out: '', err: '' }
    const io: CommandIo = {
      out: (text) => void (printed.out += text),
      err: (text) => void (printed.err += text),
      interactive: false,
      readByPerson: false,
      env: {},
      cwd: process.cwd(),
      interruption: () => this.interruption.signal,
      now: Date.now,
      connect: (config) => {
        this.connections.push(config)
        if (this.kafka === undefined) throw new Error('this command was not expected to connect')
        return this.kafka.client()
      },
      importModule: async (path) => {
        // eslint-disable-next-line @typescript-eslint/no-require-imports -- jest does not import; what require gives is made alike
        const exports = require(path) as Record<string, unknown>
        return exports.__esModule === true ? exports : { default: exports, ...exports }
      },
      ...this.world,
    }
    const code = await runCommandLine(args, io)
    return { code, ...printed }
  }

  /** The JSON that a command prints; fails with what it reported if it failed. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, out, err } = await this.run(...args, '--json')
    if (code !== 0) throw new Error(`millrace ${args.join(' ')} ended with ${code}: ${err}`)
    return JSON.parse(out) as T
  }
}
