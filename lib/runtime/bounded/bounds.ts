import { StreamsError } from '../../errors'
import type { Admin, Isolation } from '../../kafka/port'
import { nearestName } from '../../nearest-name'
import { type TopicPartition, tpKey } from '../../record/topic-partition'
import type { RunUntil } from './run-options'
import type { RunPlan } from './run-plan'

/** Where a bounded run ends on each input partition. */
export class Bounds {
  #ends: ReadonlyMap<string, number> | undefined

  /** `ownTopics` are written by the topology itself: they are read until nothing more comes. */
  constructor(private readonly ownTopics: ReadonlySet<string>) {}

  /** False while the run waits for its signal. */
  get known(): boolean {
    return this.#ends !== undefined
  }

  /** By `tpKey`. Partitions that are not named appeared after the start, and are not read. */
  set(ends: ReadonlyMap<string, number>): void {
    this.#ends = ends
  }

  /** The first offset that is not read; infinite where no end is known beforehand. */
  endOf(topic: string, partition: number): number {
    if (this.#ends === undefined) return Infinity
    return this.#ends.get(tpKey(topic, partition)) ?? (this.ownTopics.has(topic) ? Infinity : 0)
  }
}

/**
 * Offsets of partitions that are not read would be without an effect.
 *
 * @throws StreamsError INVALID_ARGUMENT
 */
export const requireInputs = (until: RunUntil, { inputs, ownInputs }: Pick<RunPlan, 'inputs' | 'ownInputs'>): void => {
  if (typeof until !== 'object' || !('offsets' in until)) return
  const read = [...inputs, ...ownInputs]
  const known = new Set(read.map(({ topic, partition }) => tpKey(topic, partition)))
  const other = until.offsets.find(({ topic, partition }) => !known.has(tpKey(topic, partition)))
  if (other === undefined) return
  const { topic, partition } = other
  const partitions = read.filter((input) => input.topic === topic).length
  const near = nearestName(
    topic,
    read.map((input) => input.topic),
  )
  const help =
    partitions > 0
      ? `the topic has ${partitions} partitions`
      : `the topology does not read the topic${near === undefined ? '' : `; did you mean "${near}"?`}`
  throw new StreamsError('INVALID_ARGUMENT', `run(): until.offsets names ${topic} partition ${partition}: ${help}`, {
    topic,
    partition,
  })
}

export interface EndsOptions {
  readonly admin: Admin
  /** Input partitions that others write. */
  readonly inputs: readonly TopicPartition[]
  readonly until: RunUntil
  /** How the inputs are read: with `read_committed` they end where the earliest open transaction begins. */
  readonly isolation: Isolation
}

/** Looks up where the inputs end, by `tpKey`. */
export const lookUpEnds = async ({ admin, inputs, until, isolation }: EndsOptions): Promise<Map<string, number>> => {
  const given = typeof until === 'object' && 'offsets' in until ? until.offsets : []
  const at = typeof until === 'object' && 'timestamp' in until ? Number(until.timestamp) : 'latest'
  const ends = new Map(given.map(({ topic, partition, offset }) => [tpKey(topic, partition), offset]))
  const open = inputs.filter(({ topic, partition }) => !ends.has(tpKey(topic, partition)))
  if (open.length > 0) {
    const found = await admin.listOffsets(
      open.map(({ topic, partition }) => ({ topic, partition, at })),
      isolation,
    )
    for (const [key, offset] of found) ends.set(key, offset)
  }
  return ends
}
