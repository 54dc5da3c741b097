import { StreamsError } from '../errors'
import type { Aggregator } from '../operators/callbacks'
import type { Processor, ProcessorContext, ProcessorSupplier } from '../operators/processor'
import type { RecordContext } from '../record/record-context'
import type { StreamRecord } from '../record/stream-record'
import type { StreamPartitioner } from './definition'

/**
 * A stream that is typed without `null` still carries the tombstones of its topic: sinks and tables need them, joins and
 * most aggregations drop them. No callback gets one: the record fails there, and the processing handler decides.
 */
export interface ValueRequirement {
  /** The topic that the stream was read from; undefined where its type says all that there is. */
  readonly typedWithoutNull?: string
}

type Callback<V, K, R, M> = (value: V, key: K, meta: M) => R

/** The callback, which never gets a tombstone. */
export function requiringValue<V, K, R, M = RecordContext>(
  { typedWithoutNull: topic }: ValueRequirement,
  callback: Callback<V, K, R, M>,
): Callback<V, K, R, M> {
  if (topic === undefined) return callback
  const guarded: Callback<V, K, R, M> = (value, key, meta) => {
    if (value === null) throw unexpectedTombstone(topic)
    return callback(value, key, meta)
  }
  // describe() shows the name of what chooses topics
  return Object.defineProperty(guarded, 'name', { value: callback.name })
}

/** Windowed aggregations accept null values like any other. */
export function aggregatorRequiringValue<K, V, A>(
  { typedWithoutNull: topic }: ValueRequirement,
  aggregator: Aggregator<K, V, A>,
): Aggregator<K, V, A> {
  if (topic === undefined) return aggregator
  return (aggregate, value, key) => {
    if (value === null) throw unexpectedTombstone(topic)
    return aggregator(aggregate, value, key)
  }
}

export function partitionerRequiringValue<K, V>(
  { typedWithoutNull: topic }: ValueRequirement,
  partitioner: StreamPartitioner<K, V> | undefined,
): StreamPartitioner<K, V> | undefined {
  if (topic === undefined || partitioner === undefined) return partitioner
  return (to, key, value, partitions) => {
    if (value === null) throw unexpectedTombstone(topic)
    return partitioner(to, key, value, partitions)
  }
}

export function processorRequiringValue<K, V, KR, VR>(
  { typedWithoutNull: topic }: ValueRequirement,
  supplier: ProcessorSupplier<K, V, KR, VR>,
): ProcessorSupplier<K, V, KR, VR> {
  return topic === undefined ? supplier : () => new ValueRequiringProcessor(supplier(), topic)
}

class ValueRequiringProcessor<K, V, KR, VR> implements Processor<K, V, KR, VR> {
  constructor(
    private readonly processor: Processor<K, V, KR, VR>,
    private readonly topic: string,
  ) {}

  init(context: ProcessorContext<KR, VR>): void {
    return this.processor.init?.(context)
  }

  process(record: StreamRecord<K, V>): void | Promise<void> {
    if (record.value === null) throw unexpectedTombstone(this.topic)
    return this.processor.process(record)
  }

  close(): void | Promise<void> {
    return this.processor.close?.()
  }
}

const unexpectedTombstone = (topic: string): StreamsError =>
  new StreamsError(
    'UNEXPECTED_TOMBSTONE',
    `the value is null, a tombstone, and the stream over ${topic} is typed without null. Read it with { nullable: true } to ` +
      'be given null as well; .filter((value) => value !== null) behind it drops tombstones',
  )
