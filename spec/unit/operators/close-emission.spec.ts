import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { TimeWindows } from '../../../lib/dsl/windows/time-windows'
import { decodeCommitMetadata } from '../../../lib/runtime/processing/commit-metadata'
import * as serdes from '../../../lib/serdes'
import { fetched, taskOf } from '../runtime/processing/processing-under-test'

const topology = () => {
  const builder = new StreamsBuilder()
  builder
    .stream('in', { key: serdes.string(), value: serdes.string() })
    .groupByKey()
    .windowedBy(TimeWindows.of({ size: 10 }))
    .emitStrategy('onWindowClose')
    .count({ store: 'w', retention: 1000 })
    .toStream((_count, { key, window }) => `${key}@${window.start}`)
    .mapValues((count) => String(count))
    .to('out', { key: serdes.string(), value: serdes.string() })
  return builder.build()
}

const input = { topic: 'in', partition: 0 }
const records = (from: number, ...timestamps: number[]) =>
  fetched(
    input,
    timestamps.map((timestamp, i) => ({ offset: from + i, timestamp, key: 'a', value: 'x' })),
  )

describe('emit on window close', () => {
  test('what was emitted last is committed with the offsets, under the name of the store', async () => {
    const { task, run } = await taskOf(topology(), [input])
    task.initialize(new Map())
    task.addRecords(records(0, 1, 12))
    expect(run()).toEqual(['1'])
    const [committed] = task.committableOffsets()
    expect(decodeCommitMetadata(committed!.metadata)).toEqual({
      partitionTime: 12,
      lastEmittedWindowClose: new Map([['w', 12]]),
    })
  })

  test('a task that takes over does not emit again what its predecessor has emitted', async () => {
    const before = await taskOf(topology(), [input])
    before.task.initialize(new Map())
    before.task.addRecords(records(0, 1, 12))
    before.run()
    const [committed] = before.task.committableOffsets()

    const { task, run } = await taskOf(topology(), [input])
    task.initialize(new Map([['in-0', committed!]]))
    // the same window again, as a restored store would have it
    task.addRecords(records(2, 13, 25))
    expect(run()).toEqual(['1'])
  })

  test('is not held back where the wall clock was set back', async () => {
    const { task, run, clock } = await taskOf(topology(), [input], { emitIntervalMs: 1000 })
    task.initialize(new Map())
    clock.time = 3_600_000
    task.addRecords(records(0, 1))
    expect(run()).toEqual([])
    clock.time = 0
    task.addRecords(records(1, 12))
    expect(run()).toEqual(['1'])
  })

  test('before anything closed nothing is committed of it', async () => {
    const { task, run } = await taskOf(topology(), [input])
    task.initialize(new Map())
    task.addRecords(records(0, 1, 9))
    expect(run()).toEqual([])
    expect(decodeCommitMetadata(task.committableOffsets()[0]!.metadata).lastEmittedWindowClose.size).toBe(0)
  })
})
