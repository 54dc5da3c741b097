import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StreamsConfig } from '../../lib/config'
import type { StreamsError } from '../../lib/errors'
import { EmbeddedKafka } from '../../lib/kafka/memory'
import type { Logger } from '../../lib/observe/logger'
import { KafkaStreams } from '../../lib/runtime/kafka-streams'
import type { Topology } from '../../lib/topology/topology'

/** Applications on an embedded Kafka that commit often, with what they logged; all of it is gone with `close()`. */
export class EmbeddedApps {
  readonly kafka: EmbeddedKafka
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-apps-'))
  readonly warnings: string[] = []
  private readonly apps: KafkaStreams[] = []

  constructor(topics: Record<string, number>) {
    this.kafka = new EmbeddedKafka({ topics })
  }

  stateDir(name: string): string {
    return join(this.folder, name)
  }

  /** Of the application `app`, with the state directory `a`, unless said otherwise. */
  create(topology: Topology, config: Partial<StreamsConfig> = {}): KafkaStreams {
    const note = (_: object, message: string): void => void this.warnings.push(message)
    const logger: Logger = { debug: () => {}, info: () => {}, warn: note, error: note }
    const app = new KafkaStreams(topology, {
      applicationId: 'app',
      kafka: this.kafka,
      stateDir: this.stateDir('a'),
      commitInterval: 20,
      producer: { linger: 1 },
      heartbeatInterval: 50,
      logger,
      ...config,
    })
    this.apps.push(app)
    return app
  }

  async close(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.close()))
    await this.kafka.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Looks again and again until it holds; ends with the test's timeout if it never does. */
export const until = async (holds: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Why it went to `ERROR`, once it is there. */
export const failureOf = (app: KafkaStreams): Promise<StreamsError> =>
  new Promise((resolve) => {
    let reason: StreamsError
    app.once('error', (error) => (reason = error))
    app.on('stateChange', ({ to }) => {
      if (to === 'ERROR') resolve(reason)
    })
  })
