import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { untilTimeLimit, untilWindowCloses } from '../../../../lib/dsl/suppressed'
import { JoinWindows } from '../../../../lib/dsl/windows/join-windows'
import { SessionWindows } from '../../../../lib/dsl/windows/session-windows'
import { SlidingWindows } from '../../../../lib/dsl/windows/sliding-windows'
import { TimeWindows } from '../../../../lib/dsl/windows/time-windows'
import { UnlimitedWindows } from '../../../../lib/dsl/windows/unlimited-windows'
import * as serdes from '../../../../lib/serdes'
import { deferred, fetched, settled, taskOf } from './processing-under-test'

const text = { key: serdes.string(), value: serdes.string() }
const input = { topic: 'in', partition: 0 }
const other = { topic: 'other', partition: 0 }

const records = (from: number, ...timestamps: number[]) =>
  fetched(
    input,
    timestamps.map((timestamp, i) => ({ offset: from + i, timestamp, key: 'a', value: `${timestamp}` })),
  )

const topologyOf = (build: (builder: StreamsBuilder) => void) => {
  const builder = new StreamsBuilder()
  build(builder)
  return builder.build()
}

const tumbling = TimeWindows.of({ size: 10, grace: 5 })

/** Counts of tumbling windows as `start:count`. */
const counted = (b: StreamsBuilder, emit: 'onWindowClose' | 'onWindowUpdate' = 'onWindowClose') =>
  b.stream('in', text).groupByKey().windowedBy(tumbling).emitStrategy(emit).count({ store: 'w', retention: 1000 })

describe('stream time that advances without a record', () => {
  it('closes windows that emit on close', async () => {
    const { task, run, sent } = await taskOf(
      topologyOf((b) =>
        counted(b)
          .toStream()
          .map((count, { window }) => ['k', `${window.start}:${count}`])
          .to('out', text),
      ),
      [input],
    )
    task.initialize(new Map())
    task.addRecords(records(0, 1, 2, 12))
    expect(run()).toEqual([])
    expect(task.advanceStreamTime(14)).toBe(true)
    expect(sent()).toEqual([])
    task.advanceStreamTime(15)
    expect(sent()).toEqual(['0:2'])
    task.advanceStreamTime(24)
    expect(sent()).toEqual([])
    task.advanceStreamTime(25)
    expect(sent()).toEqual(['10:1'])
    expect(task.streamTime).toBe(25)
  })

  it('drops records of windows that it has closed', async () => {
    const { task, run, sent } = await taskOf(
      topologyOf((b) =>
        counted(b, 'onWindowUpdate')
          .toStream()
          .map((count, { window }) => ['k', `${window.start}:${count}`])
          .to('out', text),
      ),
      [input],
    )
    task.initialize(new Map())
    task.addRecords(records(0, 1))
    run()
    task.advanceStreamTime(15)
    task.addRecords(records(1, 2, 11))
    expect(run()).toEqual(['10:1'])
    expect(task.recordCounts.droppedTotal).toBe(1)
    expect(sent()).toEqual([])
  })

  it('emits what was suppressed until windows close, with what the record cache still has', async () => {
    const { task, run, sent } = await taskOf(
      topologyOf((b) =>
        counted(b, 'onWindowUpdate')
          .suppress(untilWindowCloses())
          .toStream()
          .map((count, { window }) => ['k', `${window.start}:${count}`])
          .to('out', text),
      ),
      [input],
      {},
      { cache: { maxBytes: 1_000_000, usedBytes: 0 } },
    )
    task.initialize(new Map())
    task.addRecords(records(0, 1))
    run()
    task.prepareCommit()
    task.addRecords(records(1, 2, 3))
    expect(run()).toEqual([])
    task.advanceStreamTime(15)
    expect(sent()).toEqual(['0:3'])
  })

  it('ends time limits, sessions and sliding windows', async () => {
    const { task, sent, run } = await taskOf(
      topologyOf((b) => {
        const stream = b.stream('in', text)
        const emitted = (from: string, wait: string) => (count: number | null) => [wait, `${from} ${count}`] as const
        stream
          .toTable()
          .suppress(untilTimeLimit(7))
          .toStream()
          .mapValues((value) => `limit ${value}`)
          .to('out', text)
        const grouped = stream.groupByKey()
        grouped
          .windowedBy(SessionWindows.of({ inactivityGap: 4, grace: 6 }))
          .emitStrategy('onWindowClose')
          .count({ store: 's', retention: 1000 })
          .toStream()
          .map(emitted('session', 's'))
          .to('out', text)
        grouped
          .windowedBy(SlidingWindows.of({ timeDifference: 5, grace: 8 }))
          .emitStrategy('onWindowClose')
          .count({ store: 'l', retention: 1000 })
          .toStream()
          .map(emitted('sliding', 'l'))
          .to('out', text)
      }),
      [input],
    )
    task.initialize(new Map())
    task.addRecords(records(0, 100))
    expect(run()).toEqual([])
    const at: string[] = []
    for (let time = 101; time <= 120; time++) {
      task.advanceStreamTime(time)
      for (const value of sent()) at.push(`${value} at ${time}`)
    }
    expect(at).toEqual(['limit 100 at 107', 'sliding 1 at 109', 'session 1 at 111'])
  })

  it('emits what an outer join holds back, once both sides have it', async () => {
    const { task, sent, run } = await taskOf(
      topologyOf((b) =>
        b
          .stream('in', text)
          .outerJoin(
            b.stream('other', text),
            (left, right) => `${left}+${right}`,
            JoinWindows.of({ timeDifference: 10, grace: 5 }),
            text,
          )
          .to('out', text),
      ),
      [input, other],
      { maxTaskIdleMs: -1 },
    )
    task.initialize(new Map())
    task.addRecords(records(0, 1))
    task.addRecords(fetched(other, [{ offset: 0, timestamp: 4, key: 'b', value: 'r' }]))
    expect(run()).toEqual([])
    task.advanceStreamTime(16)
    expect(sent()).toEqual([])
    task.advanceStreamTime(17)
    expect(sent()).toEqual(['1+null'])
    task.advanceStreamTime(20)
    expect(sent()).toEqual(['null+r'])
  })

  it('takes results of windows to what is behind them before that closes', async () => {
    const { task, sent, run } = await taskOf(
      topologyOf((b) =>
        counted(b)
          .suppress(untilTimeLimit(8))
          .toStream()
          .map((count, { window }) => ['k', `${window.start}:${count}`])
          .to('out', text),
      ),
      [input],
    )
    task.initialize(new Map())
    task.addRecords(records(0, 1, 2))
    expect(run()).toEqual([])
    task.advanceStreamTime(1000)
    expect(sent()).toEqual(['0:2'])
  })

  it('waits for the calls of async operators before it closes what is behind them', async () => {
    const { promise, resolve } = deferred()
    const { task, sent, run } = await taskOf(
      topologyOf((b) =>
        b
          .stream('in', text)
          .mapValuesAsync(async (value) => {
            await promise
            return value
          })
          .groupByKey(text)
          .windowedBy(tumbling)
          .emitStrategy('onWindowClose')
          .count({ store: 'w', retention: 1000 })
          .toStream()
          .map((count, { window }) => ['k', `${window.start}:${count}`])
          .to('out', text),
      ),
      [input],
    )
    task.initialize(new Map())
    task.addRecords(records(0, 1, 2))
    run()
    expect(task.advanceStreamTime(100)).toBe(false)
    resolve()
    await settled()
    expect(run()).toEqual([])
    expect(task.advanceStreamTime(100)).toBe(true)
    expect(sent()).toEqual(['0:2'])
  })

  it('is committed, and what it has closed stays closed where the task runs next', async () => {
    const topology = topologyOf((b) =>
      counted(b, 'onWindowUpdate')
        .toStream()
        .map((count, { window }) => ['k', `${window.start}:${count}`])
        .to('out', text),
    )
    const before = await taskOf(topology, [input])
    before.task.initialize(new Map())
    before.task.addRecords(records(0, 1))
    before.run()
    before.task.advanceStreamTime(15)
    const first = before.task.committableOffsets()
    expect(first).toMatchObject([{ offset: 1 }])

    // a second owner commits it again though it reads nothing
    const idle = await taskOf(topology, [input])
    idle.task.initialize(new Map([['in-0', first[0]!]]))
    expect(idle.task.streamTime).toBe(15)
    expect(idle.task.committableOffsets()).toEqual([])
    idle.task.advanceStreamTime(16)
    const second = idle.task.committableOffsets()
    expect(second).toMatchObject([{ offset: 1 }])

    const { task, run } = await taskOf(topology, [input])
    task.initialize(new Map([['in-0', second[0]!]]))
    expect(task.streamTime).toBe(16)
    task.addRecords(records(1, 2, 11))
    expect(run()).toEqual(['10:1'])
    expect(task.recordCounts.droppedTotal).toBe(1)
  })

  it('closes all windows at the end of a bounded run, apart from those that never close', async () => {
    const { task, sent, run } = await taskOf(
      topologyOf((b) => {
        const grouped = b.stream('in', text).groupByKey()
        grouped.windowedBy(UnlimitedWindows.of()).count({ store: 'u' })
        grouped
          .windowedBy(SlidingWindows.of({ timeDifference: 30, grace: 8 }))
          .emitStrategy('onWindowClose')
          .count({ store: 'l', retention: 1000 })
          .toStream()
          .map((count, { window }) => ['k', `${window.start}:${count}`])
          .to('out', text)
      }),
      [input],
    )
    task.initialize(new Map())
    task.startBoundedRun(new Map([['in-0', 0]]), new Map())
    task.addRecords(records(0, 100, 101))
    expect(run()).toEqual([])
    expect(task.closeWindows()).toBe(true)
    expect(sent()).toEqual(['70:1', '71:2', '101:1'])
  })

  it('runs stream-time punctuations', async () => {
    const ticks: number[] = []
    const { task, run } = await taskOf(
      topologyOf((b) =>
        b.stream('in', text).process(() => ({
          init: (context) => void context.schedule(10, 'stream-time', (time) => void ticks.push(time)),
          process: () => {},
        })),
      ),
      [input],
    )
    task.initialize(new Map())
    task.addRecords(records(0, 1))
    run()
    task.maybePunctuateStreamTime()
    task.advanceStreamTime(30)
    expect(ticks).toEqual([1, 30])
  })
})
