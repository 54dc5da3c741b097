import {
  type Cancellable,
  keyValueStore,
  serdes,
  type KeyValueStore,
  type Processor,
  type ProcessorContext,
  StreamRecord,
} from '../../lib'
import type { ValueTransformer } from '../../lib/operators/value-transformer'
import { clip, hash, map, refuse, text, wordsOf } from './functions'

/* The processors that programs name; java/Processors.java has the same. */

type Store = KeyValueStore<string, string>
type Context = ProcessorContext<unknown, unknown>

export const processorStore = (name: string, { inMemory, caching }: { inMemory: boolean; caching: boolean }) =>
  keyValueStore(name, { key: serdes.string(), value: serdes.string(), persistent: !inMemory, caching })

/** How often the key was seen, kept in the store. */
const seen = (store: Store, key: unknown): string => {
  const times = String(Number(store.get(text(key)) ?? 0) + 1)
  store.put(text(key), times === '4' ? null : times)
  return times
}

/**
 * `ticks:<interval>:<clock>` and, optionally, what a tick does besides forwarding, and where the schedule starts (`-`: by
 * default). With these, values of records say when it is cancelled and scheduled again.
 */
class Ticks {
  private schedules: Cancellable[] = []
  private ticks = 0
  private records = 0

  constructor(
    private readonly spec: string,
    private readonly context: Context,
    private readonly store: Store | undefined,
  ) {
    this.schedule()
  }

  arrived(value: string): void {
    this.records++
    const [, , , act] = wordsOf(this.spec)
    if (act === undefined) return
    const what = hash(value) % 5
    if (what === 0) this.schedules.pop()?.cancel()
    if (what === 1) this.schedule()
    if (what === 2) this.context.commit()
  }

  private schedule(interval?: number): void {
    const [, usual, clock, , start = '-'] = wordsOf(this.spec)
    const type = clock === 'wall' ? 'wall-clock-time' : 'stream-time'
    const from = start === '-' ? undefined : Number(start)
    this.schedules.push(this.context.schedule(interval ?? Number(usual), type, (time) => this.tick(time), from))
  }

  private tick(time: number): void {
    const { context, store, schedules } = this
    const [, , , act] = wordsOf(this.spec)
    this.ticks++
    if (act === 'twice' && this.ticks === 2) schedules.pop()?.cancel()
    if (act === 'again' && this.ticks === 1) this.schedule(7)
    if (act === 'put') store?.put('tick', String(this.ticks))
    const at = act === 'past' ? Math.max(0, time - 20) : time
    const clock = act === undefined ? '' : `/${context.currentSystemTime()}`
    context.forward(new StreamRecord('tick', `${this.records}@${time}/${context.currentStreamTime()}${clock}`, at))
    refuse(this.spec, String(time))
  }
}

export const processor = (spec: string, storeName?: string) => (): Processor<unknown, unknown> => {
  const words = wordsOf(spec)
  let context: Context
  let store: Store | undefined
  let ticks: Ticks | undefined
  let records = 0
  return {
    init(given: Context) {
      context = given
      if (storeName !== undefined) store = context.stateStore(storeName) as unknown as Store
      if (words[0] === 'ticks') ticks = new Ticks(spec, context, store)
    },
    process(record) {
      records++
      if (ticks !== undefined) {
        ticks.arrived(text(record.value))
        return context.forward(record)
      }
      refuse(spec, text(record.value))
      switch (words[0]) {
        case 'count':
          return context.forward(record.withValue(clip(`${text(record.value)}#${seen(store!, record.key)}`)))
        case 'shift':
          return context.forward(record.withTimestamp(record.timestamp + Number(words[1])))
        case 'header':
          return context.forward(record.withHeaders([...record.headers, [words[1]!, Buffer.from([records & 0x7f])]]))
        case 'meta': {
          const meta = context.recordMetadata()
          const origin = meta ? `${meta.topic}${meta.offset}` : 'none'
          return context.forward(record.withValue(clip(`${origin}/${context.currentStreamTime()}`)))
        }
        default:
          throw new Error(spec)
      }
    },
  }
}

export const fixedKeyProcessor = (spec: string, storeName?: string) => (): Processor<unknown, unknown> => {
  let context: Context
  let store: Store
  return {
    init(given: Context) {
      context = given
      if (storeName !== undefined) store = context.stateStore(storeName) as unknown as Store
    },
    process(record) {
      refuse(spec, text(record.value))
      const tag = wordsOf(spec)[0] === 'count' ? `#${seen(store, record.key)}` : `@${record.timestamp}`
      context.forward(record.withValue(clip(text(record.value) + tag)))
    },
  }
}

export const transformer = (spec: string, storeName?: string) => (): ValueTransformer<unknown, unknown, unknown> => {
  let store: Store
  return {
    init(context) {
      if (storeName !== undefined) store = context.stateStore(storeName) as unknown as Store
    },
    transform(value, key, meta) {
      const [word] = wordsOf(spec)
      if (word === 'count' || word === 'ts') refuse(spec, text(value))
      if (word === 'count') return clip(`${text(value)}#${seen(store, key)}`)
      if (word === 'ts') return value === null ? null : clip(`${text(value)}@${meta.timestamp}`)
      return map(spec, key, value)
    },
  }
}
