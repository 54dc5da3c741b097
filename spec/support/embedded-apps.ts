import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StreamsConfig } from '../../lib/config/config'
import type { StreamsError } from '../../lib/errors'
import { EmbeddedKafka } from '../../lib/kafka/memory'
import type { KafkaClient, Producer } from '../../lib/kafka/port'
import type { Logger } from '../../lib/observe/logger'
import { KafkaStreams } from '../../lib/runtime/kafka-streams'
import type { Topology } from '../../lib/topology/topology'

/** Applications on an embedded Kafka that commit often, with what they logged; all of it is gone with `close()`. */
export class EmbeddedApps {
  readonly kafka: EmbeddedKafka
  readonly folder = mkdtempSync(join(tmpdir(), 'millrace-apps-'))
  readonly warnings: string[] = []
  private readonly apps: KafkaStreams[] = []
  private readonly listeners = new Set<() => void>()

  constructor(topics: Record<string, number>) {
    this.kafka = new EmbeddedKafka({ topics })
  }

  /** Until such a warning is logged, or was before. */
  warning(pattern: RegExp): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (!this.warnings.some((warning) => pattern.test(warning))) return
        this.listeners.delete(check)
        resolve()
      }
      this.listeners.add(check)
      check()
    })
  }

  stateDir(name: string): string {
    return join(this.folder, name)
  }

  /** Of the application `app`, with the state directory `a`, unless said otherwise. */
  create(topology: Topology, config: Partial<StreamsConfig> = {}): KafkaStreams {
    const note = (_: object, message: string): void => {
      this.warnings.push(message)
      for (const listener of [...this.listeners]) listener()
    }
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

  /** Lets `change` replace methods of every producer that the applications make from now on. */
  changeProducers(change: (producer: Producer) => void): void {
    const client = this.kafka.client.bind(this.kafka)
    this.kafka.client = (): KafkaClient => {
      const made = client()
      const producer = made.producer.bind(made)
      made.producer = (config) => {
        const changed = producer(config)
        change(changed)
        return changed
      }
      return made
    }
  }

  /** As the coordinator does when their sessions have timed out. */
  dropAllMembers(): void {
    const { groups } = this.kafka['cluster']
    for (const memberId of groups['groups'].get('app')!['members'].keys()) {
      groups.leave({ groupId: 'app', memberId, generationId: 0, groupInstanceId: null })
    }
  }

  /** The offset that the group has committed of an input partition; 0: none. */
  async committed(topic: string, partition: number): Promise<number> {
    return (await this.kafka.client().admin().groupOffsets('app')).get(`${topic}-${partition}`)?.offset ?? 0
  }

  /** To one partition, each value with itself as its key. */
  produceTo(topic: string, partition: number, ...values: string[]): Promise<void> {
    return this.kafka.produce(
      topic,
      values.map((value) => ({ key: value, value, partition })),
    )
  }

  /** Sorted. */
  async valuesIn(topic: string): Promise<(string | null)[]> {
    return (await this.kafka.read(topic)).map(({ value }) => value).sort()
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
