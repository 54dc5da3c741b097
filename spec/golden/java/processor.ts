import type { Processor, ProcessorContext, PunctuationType as Punctuation } from '../../../lib/operators/processor'
import type { StateStore } from '../../../lib/state/store'
import { JavaRecord } from './record'
import type { JavaStoreBuilder } from './store-builder'
import { javaStore, type JavaStore } from './stores'
import { Optional } from './values'
import type { StreamRecord } from '../../../lib/record/stream-record'

export const PunctuationType = { STREAM_TIME: 'stream-time', WALL_CLOCK_TIME: 'wall-clock-time' } as const

interface Metadata {
  topic(): string | null
  partition(): number
  offset(): number
}

/** Java's processor context over ours. */
class JavaContext {
  private punctuating = false

  constructor(protected readonly context: ProcessorContext<unknown, unknown>) {}

  forward(record: JavaRecord, child?: string): void {
    this.context.forward(record.record, child)
  }
  getStateStore(name: string): JavaStore {
    return javaStore(this.context.stateStore<StateStore>(name))
  }
  /** `schedule([startInstant,] interval, type, callback)` */
  schedule(...args: unknown[]): { cancel(): void } {
    const [interval, type, callback] = args.slice(-3) as [number, Punctuation, (timestamp: number) => void]
    const done = (): void => void (this.punctuating = false)
    const punctuate = (timestamp: number): void | Promise<void> => {
      this.punctuating = true
      const result: unknown = callback(timestamp)
      if (result instanceof Promise) return result.finally(done) as Promise<void>
      done()
    }
    return this.context.schedule(interval, type, punctuate, args.length > 3 ? (args[0] as number) : undefined)
  }
  commit(): void {
    this.context.commit()
  }
  recordMetadata(): Optional<Metadata> {
    const metadata = this.context.recordMetadata()
    // In a punctuation Java has metadata of nothing where we have none.
    if (!metadata && !this.punctuating) return Optional.empty()
    return Optional.of({
      topic: () => metadata?.topic ?? null,
      partition: () => metadata?.partition ?? -1,
      offset: () => metadata?.offset ?? -1,
    })
  }
  currentStreamTimeMs(): number {
    return this.context.currentStreamTime()
  }
  currentSystemTimeMs(): number {
    return this.context.currentSystemTime()
  }
  taskId(): string {
    return this.context.taskId
  }
}

type Init = (context: JavaContext) => (record: JavaRecord) => unknown

/** What `processor(init)` of a case text is: our supplier, with the stores that it brings. */
export interface JavaProcessorSupplier {
  readonly supplier: () => Processor<unknown, unknown, unknown, unknown>
  readonly stores: readonly JavaStoreBuilder[]
}

export const processor = (init: Init): JavaProcessorSupplier => processorWithStores([], init)

export function processorWithStores(stores: readonly JavaStoreBuilder[], init: Init): JavaProcessorSupplier {
  const supplier = (): Processor<unknown, unknown, unknown, unknown> => {
    let process: (record: JavaRecord) => unknown
    return {
      init(context) {
        process = init(new JavaContext(context))
      },
      process(record: StreamRecord<unknown, unknown>) {
        return process(JavaRecord.of(record)) as void | Promise<void>
      },
    }
  }
  return { supplier, stores }
}

export const fixedKeyProcessor = processor
