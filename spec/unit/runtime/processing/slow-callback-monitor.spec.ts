import { FilterOperator } from '../../../../lib/operators/filter'
import { ForeachOperator } from '../../../../lib/operators/foreach'
import { MapValuesOperator } from '../../../../lib/operators/map-values'
import type { Processor, ProcessorContext } from '../../../../lib/operators/processor'
import { Topology } from '../../../../lib/topology/topology'
import { deferred, fetched, taskOf } from './processing-under-test'
import type { StreamRecord } from '../../../../lib/record/stream-record'

const A = { topic: 'a', partition: 0 }
let now = 0

beforeEach(() => {
  now = 1000
  jest.useFakeTimers({ doNotFake: ['queueMicrotask', 'nextTick', 'setImmediate'] })
  jest.spyOn(performance, 'now').mockImplementation(() => now)
})
afterEach(() => {
  jest.restoreAllMocks()
  jest.useRealTimers()
})

const pass = (): boolean => true

describe('a slow callback', () => {
  it('is named with its operator, record and duration', async () => {
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('fast', () => new FilterOperator<string, string>(pass, false), 'source')
      .addProcessor(
        'slow',
        () =>
          new MapValuesOperator<string, string, string>((value) => {
            now += 6000
            return value
          }),
        'fast',
      )
      .addProcessor('after', () => new FilterOperator<string, string>(pass, false), 'slow')
    const { task, run, logger } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 3, value: 'x' }]))
    run()
    await Promise.resolve()
    expect(logger.entries).toEqual([
      {
        level: 'warn',
        fields: { taskId: '0_0', operator: 'slow', topic: 'a', partition: 0, offset: 3, durationMs: 6000 },
        message: expect.stringContaining('operator "slow" took 6000 ms (a-0 offset 3)'),
      },
    ])
  })

  it('among many in a row is named with the first of them, and alone from then on', async () => {
    const topology = new Topology().addSource('source', 'a').addProcessor(
      'parse',
      () =>
        new ForeachOperator<string, string>((value) => {
          now += Number(value)
        }),
      'source',
    )
    const { task, run, logger } = await taskOf(topology, [A])
    task.initialize(new Map())
    const process = async (...tookMs: number[]): Promise<void> => {
      task.addRecords(
        fetched(
          A,
          tookMs.map((ms) => ({ offset: offset++, value: String(ms) })),
        ),
      )
      run()
      await Promise.resolve()
    }
    let offset = 0
    await process(1, 2, 6000, 3)
    await process(4, 7000, 5)
    now += 60_000
    await process(6, 1)
    await process(3000, 3001)
    expect(logger.entries.map(({ fields, message }) => [fields['offset'], fields['durationMs'], message])).toEqual([
      [
        0,
        6006,
        expect.stringContaining(
          '4 calls in a row of the callback of operator "parse" took 6006 ms (from a-0 offset 0 on)',
        ),
      ],
      [5, 7000, expect.stringContaining('the callback of operator "parse" took 7000 ms (a-0 offset 5)')],
      [
        9,
        6001,
        expect.stringContaining(
          '2 calls in a row of the callback of operator "parse" took 6001 ms (from a-0 offset 9 on)',
        ),
      ],
    ])
  })

  it('is a user processor until it forwards, and after that', async () => {
    class Slow implements Processor<string, string, string, string> {
      private context!: ProcessorContext<string, string>
      init(context: ProcessorContext<string, string>): void {
        this.context = context
      }
      process(record: StreamRecord<string, string>): void {
        now += 7000
        this.context.forward(record)
        now += 8000
      }
    }
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('processor', () => new Slow(), 'source')
      .addProcessor('below', () => new FilterOperator<string, string>(pass, false), 'processor')
    const { task, run, logger } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 0, value: 'x' }]))
    run()
    await Promise.resolve()
    expect(logger.entries.map(({ fields }) => [fields['operator'], fields['durationMs']])).toEqual([
      ['processor', 7000],
      ['processor', 8000],
    ])
  })

  it('is not blamed for time between records', async () => {
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('fast', () => new FilterOperator<string, string>(pass, false), 'source')
    const { task, run, logger } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 0, value: 'x' }]))
    run()
    await Promise.resolve()
    now += 60_000
    task.addRecords(fetched(A, [{ offset: 1, value: 'x' }]))
    run()
    expect(logger.entries).toEqual([])
  })

  it('that awaits is named while it is pending, at growing intervals', async () => {
    const gate = deferred()
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('save', () => new ForeachOperator<string, string>(() => gate.promise), 'source')
    const { task, run, logger } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 9, value: 'x' }]))
    run()
    await Promise.resolve()
    for (let second = 0; second < 40; second++) {
      now += 1000
      jest.advanceTimersByTime(1000)
    }
    expect(logger.entries.map(({ fields }) => fields['durationMs'])).toEqual([5000, 15_000, 35_000])
    expect(logger.entries[0]!.message).toContain('operator "save" is still pending after 5000 ms (a-0 offset 9)')
    gate.resolve()
    await task.drained()
    jest.advanceTimersByTime(1_000_000)
    expect(logger.entries).toHaveLength(3)
  })

  it('that is a close() is named while it is pending, since its task is not released before', async () => {
    const gate = deferred()
    const save = { process: () => undefined, close: () => gate.promise }
    const topology = new Topology().addSource('source', 'a').addProcessor('save', () => ({ ...save }), 'source')
    const { task, logger } = await taskOf(topology, [A])
    task.initialize(new Map())
    const closed = task.close()
    for (let second = 0; second < 20; second++) {
      now += 1000
      jest.advanceTimersByTime(1000)
    }
    expect(logger.entries).toEqual(
      [5000, 15_000].map((durationMs) => ({
        level: 'warn',
        fields: { taskId: '0_0', operator: 'save', topic: null, partition: -1, offset: -1, durationMs },
        message: expect.stringContaining(
          `close() of operator "save" is still pending after ${durationMs} ms: its task`,
        ),
      })),
    )
    gate.resolve()
    await closed
    jest.advanceTimersByTime(1_000_000)
    expect(logger.entries).toHaveLength(2)
  })
})

describe('under full load', () => {
  /** Two operators in turn; the value of a record is how long `second` takes. */
  const inTurns = async () => {
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('first', () => new FilterOperator<string, string>(pass, false), 'source')
      .addProcessor(
        'second',
        () =>
          new ForeachOperator<string, string>((value) => {
            now += Number(value)
          }),
        'first',
      )
    const { task, run, logger } = await taskOf(topology, [A])
    task.initialize(new Map())
    let offset = 0
    const process = async (...tookMs: number[]): Promise<void> => {
      const records = tookMs.map((ms) => ({ offset: offset++, value: String(ms) }))
      task.addRecords(fetched(A, records))
      run()
      await Promise.resolve()
    }
    return { process, logger, readings: () => jest.mocked(performance.now).mock.calls.length }
  }
  const MANY = 1000
  const fast = Array.from({ length: MANY }, () => 0)

  it('the clock is read far less often than callbacks are called', async () => {
    const { process, readings } = await inTurns()
    const before = readings()
    await process(...fast)
    expect(readings() - before).toBeLessThan(MANY / 4)
  })

  it('a slow callback is narrowed down to a few operators in a row, and named alone from then on', async () => {
    const { process, logger } = await inTurns()
    await process(...fast, 6000, ...fast, 7000)
    const [first, second, ...more] = logger.entries
    expect(first!.fields).toMatchObject({ operator: 'first, second', durationMs: 6000 })
    expect(first!.message).toMatch(
      /32 calls in a row of the callbacks of operators "(first|second)", "(first|second)" took/,
    )
    const from = first!.fields['offset'] as number
    expect(from).toBeGreaterThan(MANY - 32)
    expect(from).toBeLessThanOrEqual(MANY)
    expect(second!.fields).toMatchObject({ operator: 'second', offset: 2 * MANY + 1, durationMs: 7000 })
    expect(more).toEqual([])
  })

  it('an operator that has been noticeably slow is named alone the first time it is too slow', async () => {
    const { process, logger } = await inTurns()
    await process(...fast, 600, ...fast, 6000)
    expect(logger.entries.map(({ fields }) => [fields['operator'], fields['offset'], fields['durationMs']])).toEqual([
      ['second', 2 * MANY + 1, 6000],
    ])
  })

  it('each piece of synchronous work begins with operators timed by themselves', async () => {
    const { process, logger } = await inTurns()
    await process(...fast)
    await process(0, 0, 6000)
    expect(logger.entries.map(({ fields }) => [fields['operator'], fields['offset']])).toEqual([['second', MANY + 2]])
  })
})

describe('a callback', () => {
  it('gets exactly the arguments it is called with', async () => {
    const lengths: number[] = []
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor(
        'count',
        () => new ForeachOperator<string, string>((...args: unknown[]) => void lengths.push(args.length)),
        'source',
      )
    const { task, run } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 0, value: 'x' }]))
    run()
    expect(lengths).toEqual([3])
  })

  it('that returns a promise where it is taken as a value is refused', async () => {
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor('map', () => new MapValuesOperator<string, string, unknown>(async (value) => value), 'source')
    const { task } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(fetched(A, [{ offset: 0, value: 'x' }]))
    expect(() => task.process()).toThrow(/operator "map" returned a promise/)
  })

  it('that returns a promise only after it has returned values is refused', async () => {
    const cache = new Map([['known', 'cached']])
    const lookup = async (value: string): Promise<string> => value
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor(
        'map',
        () => new MapValuesOperator<string, string, unknown>((value) => cache.get(value) ?? lookup(value)),
        'source',
      )
      .addSink('sink', 'out', 'map')
    const { task, run, sent } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(
      fetched(A, [
        { offset: 0, value: 'known' },
        { offset: 1, value: 'unknown' },
      ]),
    )
    expect(run).toThrow(/operator "map" returned a promise/)
    expect(sent()).toEqual(['cached'])
  })
})
