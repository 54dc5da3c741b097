import type { StreamsConfig } from '../../lib/config/config'
import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { ProcessorContext } from '../../lib/operators/processor'
import * as serdes from '../../lib/serdes'
import type { EmbeddedApps } from './embedded-apps'

/** Commits transactions when a test asks for it, and holds them open on the way. The embedded Kafka needs a topic `commits`. */
export class CommitsOnDemand {
  /** Of the application: it commits by itself much later than any test lasts. */
  static readonly config: Partial<StreamsConfig> = {
    processingGuarantee: 'exactly_once',
    commitInterval: '10m',
    transactionTimeout: '15m',
  }
  #held: { reached(): void; readonly end: Promise<void> } | undefined

  constructor(private readonly apps: EmbeddedApps) {
    apps.changeProducers((producer) => {
      const { commit } = producer
      producer.commit = async () => {
        const held = this.#held
        this.#held = undefined
        held?.reached()
        await held?.end
        return commit.call(producer)
      }
    })
  }

  /** Makes the topology commit when it is asked for. */
  static addTo(builder: StreamsBuilder): void {
    // a record asks for one commit, also where it is processed again
    const asked = new Set<number>()
    builder.stream('commits', { key: serdes.string(), value: serdes.string() }).process<never, never>(() => {
      let context: ProcessorContext<never, never>
      return {
        init: (given) => void (context = given),
        process: () => {
          const { offset } = context.recordMetadata()!
          if (!asked.has(offset)) context.commit()
          asked.add(offset)
        },
      }
    })
  }

  ask(): Promise<void> {
    return this.apps.kafka.produce('commits', [{ value: 'now' }])
  }

  /** Holds the next commit from when its transaction is sealed: `reached` resolves then, `end` lets it continue or fail. */
  hold(): { readonly reached: Promise<void>; end(error?: Error): void } {
    let end!: (error?: Error) => void
    let reached!: () => void
    const isReached = new Promise<void>((resolve) => (reached = resolve))
    this.#held = {
      reached,
      end: new Promise<void>((resolve, reject) => (end = (error) => (error ? reject(error) : resolve()))),
    }
    return { reached: isReached, end }
  }
}
