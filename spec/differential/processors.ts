import {
  keyValueStore,
  serdes,
  type KeyValueStore,
  type Processor,
  type ProcessorContext,
  StreamRecord,
} from '../../lib'
import type { ValueTransformer } from '../../lib/operators/value-transformer'
import { clip, map, text } from './functions'

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

export const processor = (spec: string, storeName?: string) => (): Processor<unknown, unknown> => {
  const words = spec.split(':')
  let context: Context
  let store: Store
  let records = 0
  return {
    init(given: Context) {
      context = given
      if (storeName !== undefined) store = context.stateStore(storeName) as unknown as Store
      if (words[0] !== 'ticks') return
      context.schedule(Number(words[1]), words[2] === 'wall' ? 'wall-clock-time' : 'stream-time', (time) =>
        context.forward(new StreamRecord('tick', `${records}@${time}/${context.currentStreamTime()}`, time)),
      )
    },
    process(record) {
      records++
      switch (words[0]) {
        case 'count':
          return context.forward(record.withValue(clip(`${text(record.value)}#${seen(store, record.key)}`)))
        case 'ticks':
          return context.forward(record)
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
      const tag = spec === 'count' ? `#${seen(store, record.key)}` : `@${record.timestamp}`
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
      if (spec === 'count') return clip(`${text(value)}#${seen(store, key)}`)
      if (spec === 'ts') return value === null ? null : clip(`${text(value)}@${meta.timestamp}`)
      return map(spec, key, value)
    },
  }
}
