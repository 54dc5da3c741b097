import type { Cancellable, ProcessorContext, PunctuationType } from '../../../../lib/operators/processor'
import { Topology } from '../../../../lib/topology/topology'
import { fetched, taskOf, type TaskUnderTest } from './processing-under-test'
import type { StreamRecord } from '../../../../lib/record/stream-record'

const A = { topic: 'a', partition: 0 }

const scheduling = async (
  init: (context: ProcessorContext<string, string>, fired: Array<number | string>) => void,
): Promise<TaskUnderTest & { fired: Array<number | string>; at(...times: number[]): Array<number | string> }> => {
  const fired: Array<number | string> = []
  const topology = new Topology().addSource('source', 'a').addProcessor(
    'scheduler',
    () => ({
      init: (context: ProcessorContext<string, string>) => init(context, fired),
      process: (_record: StreamRecord<string, string>) => {},
    }),
    'source',
  )
  const under = await taskOf(topology, [A])
  under.task.initialize(new Map())
  let offset = 0
  const at = (...times: number[]): Array<number | string> => {
    for (const timestamp of times) {
      under.task.addRecords(fetched(A, [{ offset: offset++, timestamp, value: 'x' }]))
      under.task.process()
      under.task.maybePunctuateStreamTime()
    }
    return fired
  }
  return { ...under, fired, at }
}

const every =
  (interval: number, type: PunctuationType, startMs?: number) =>
  (context: ProcessorContext<string, string>, fired: Array<number | string>): void =>
    void context.schedule(interval, type, (time) => void fired.push(time), startMs)

describe('a punctuation', () => {
  it('by stream time fires with the first record, then on each passed interval, with the current time', async () => {
    const { at } = await scheduling(every(10, 'stream-time'))
    expect(at(5, 12, 35, 36, 40, 39, 57)).toEqual([5, 12, 35, 40, 57])
  })

  it('by wall clock fires first after one interval; missed ticks collapse', async () => {
    const { task, fired } = await scheduling(every(10, 'wall-clock-time'))
    expect(task.nextWallClockPunctuation()).toBe(10)
    for (const now of [5, 10, 35, 39, 40, 51]) task.maybePunctuateWallClock(now)
    expect(fired).toEqual([10, 35, 40, 51])
    expect(task.nextWallClockPunctuation()).toBe(60)
    expect(task.commitNeeded).toBe(true)
  })

  it.each([
    ['WALL_CLOCK_TIME', () => {}, "needs type to be 'stream-time' or 'wall-clock-time', and got 'WALL_CLOCK_TIME'"],
    ['stream-time', undefined, 'needs a callback as a function, and got undefined'],
  ])('by %s with the callback %p is refused', async (type, callback, message) => {
    const scheduled = scheduling(
      (context) => void context.schedule(10, type as PunctuationType, callback as () => void),
    )
    await expect(scheduled).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `schedule() of processor "scheduler" ${message}`,
    })
  })

  it('is anchored to its start', async () => {
    const { task, fired } = await scheduling(every(10, 'wall-clock-time', 3))
    for (const now of [0, 3, 12, 13, 30]) task.maybePunctuateWallClock(now)
    expect(fired).toEqual([3, 13, 30])
    const past = await scheduling((context, ticks) => every(10, 'wall-clock-time', -27)(context, ticks))
    expect(past.task.nextWallClockPunctuation()).toBe(3)
  })

  it.each(['wall-clock-time', 'stream-time'] as const)(
    'by %s with a start in the past first fires after now, even if now is a whole number of intervals away',
    async (type) => {
      let context!: ProcessorContext<string, string>
      const under = await scheduling((own) => void (context = own))
      under.at(30)
      under.clock.time = 30
      for (const startMs of [10, 30]) every(10, type, startMs)(context, under.fired)
      const fire = (now: number): number => {
        if (type === 'stream-time') under.at(now)
        else under.task.maybePunctuateWallClock(now)
        return under.fired.splice(0).length
      }
      expect([fire(30), fire(39), fire(40)]).toEqual([1, 0, 2])
    },
  )

  it('by wall clock continues at its interval when the clock is set back, and gets the time that the clock shows', async () => {
    const { task, fired } = await scheduling(every(10, 'wall-clock-time'))
    for (const now of [10, 12]) task.maybePunctuateWallClock(now)
    for (const now of [-5000, -4993, -4992, -4983, -4982]) task.maybePunctuateWallClock(now)
    expect(fired).toEqual([10, -4992, -4982])
    expect(task.nextWallClockPunctuation()).toBe(-4972)
  })

  it('by wall clock fires once for all intervals that the clock was set forward over', async () => {
    const { task, fired } = await scheduling(every(10, 'wall-clock-time'))
    for (const now of [10, 5000, 5009, 5010]) task.maybePunctuateWallClock(now)
    expect(fired).toEqual([10, 5000, 5010])
  })

  it('with a start is aligned to it again after the clock was set back', async () => {
    const { task, fired } = await scheduling(every(10, 'wall-clock-time', 3))
    for (const now of [3, 13]) task.maybePunctuateWallClock(now)
    for (const now of [-1004, -995, -994, -988, -987, -977]) task.maybePunctuateWallClock(now)
    expect(fired).toEqual([3, 13, -994, -987, -977])
  })

  it('scheduled after the clock was set back starts at the time that the clock shows', async () => {
    let context!: ProcessorContext<string, string>
    const { task, fired, clock } = await scheduling((own, ticks) => {
      context = own
      every(1000, 'wall-clock-time')(own, ticks)
    })
    task.maybePunctuateWallClock(500)
    clock.time = 100
    task.maybePunctuateWallClock(100)
    every(10, 'wall-clock-time')(context, fired)
    every(10, 'wall-clock-time', 115)(context, fired)
    expect(task.nextWallClockPunctuation()).toBe(110)
    for (const now of [109, 110, 114, 115]) task.maybePunctuateWallClock(now)
    expect(fired).toEqual([110, 115])
  })

  it('due together fires in the order of java.util.PriorityQueue', async () => {
    const { at } = await scheduling((context, fired) => {
      for (const [name, interval] of [
        ['slow', 10],
        ['fast', 5],
        ['other', 10],
      ] as const) {
        context.schedule(interval, 'stream-time', () => void fired.push(name))
      }
    })
    expect(at(0).splice(0)).toEqual(['slow', 'other', 'fast'])
    expect(at(10).splice(0)).toEqual(['fast', 'other', 'slow'])
  })

  it('can be cancelled, also from within', async () => {
    const { at, fired } = await scheduling((context, ticks) => {
      const twice: Cancellable = context.schedule(1, 'stream-time', (time) => {
        ticks.push(time)
        if (ticks.length === 2) twice.cancel()
      })
      context.schedule(1, 'stream-time', (time) => void ticks.push(time)).cancel()
    })
    at(1, 2, 3, 4)
    expect(fired).toEqual([1, 2])
  })

  it('has no record: no topic, and its own time', async () => {
    const seen: unknown[] = []
    const { at } = await scheduling((context) => {
      context.schedule(
        10,
        'stream-time',
        () => void seen.push(context.recordMetadata(), context.currentStreamTime(), context.currentSystemTime()),
      )
    })
    at(42)
    expect(seen).toEqual([undefined, 42, 0])
  })

  it('needs an interval of 1 ms or more', async () => {
    await expect(scheduling(every(0, 'stream-time'))).rejects.toThrow('1 ms or more')
    await expect(scheduling(every(-1, 'stream-time'))).rejects.toThrow('interval')
  })

  it('that throws is attributed to its operator', async () => {
    const { at } = await scheduling((context) => {
      context.schedule(10, 'stream-time', () => {
        throw new Error('boom')
      })
    })
    expect(() => at(1)).toThrow('operator "scheduler" of task 0_0 failed in a punctuation: boom')
  })
})
