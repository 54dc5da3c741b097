import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { JoinWindows } from '../../../lib'
import { EmitInterval } from '../../../lib/operators/emit-interval'
import * as serdes from '../../../lib/serdes'
import { fetched, taskOf } from '../runtime/processing/processing-under-test'

const text = { key: serdes.string(), value: serdes.string() }
const LEFT = { topic: 'left', partition: 0 }
const RIGHT = { topic: 'right', partition: 0 }

describe('EmitInterval', () => {
  it('is due at first, and then once per interval', () => {
    const interval = new EmitInterval()
    expect([0, 9, 10, 19, 21].map((now) => interval.due(now, 10))).toEqual([true, false, true, false, true])
  })

  it('starts again where the clock is set back', () => {
    const interval = new EmitInterval()
    expect([3_600_000, 5, 14, 15].map((now) => interval.due(now, 10))).toEqual([true, true, false, true])
  })

  it('starts again with what is due at once', () => {
    const interval = new EmitInterval()
    expect([interval.due(0, 10), interval.due(5, 10, true), interval.due(14, 10)]).toEqual([true, true, false])
  })
})

describe('a left join', () => {
  it('emits what has no match, also after the wall clock was set back', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('left', text)
      .leftJoin(
        builder.stream('right', text),
        (left, right) => `${left}+${right}`,
        JoinWindows.of({ timeDifference: 10, grace: 0 }),
        { ...text, otherValue: text.value },
      )
      .to('out', text)
    const { task, run, clock } = await taskOf(builder.build(), [LEFT, RIGHT], { emitIntervalMs: 1000 })
    task.initialize(new Map())
    const process = (time: number, ...offsets: number[]): string[] => {
      clock.time = time
      const records = offsets.map((offset) => ({ offset, timestamp: offset * 100, key: 'k', value: `v${offset}` }))
      task.addRecords(fetched(LEFT, records))
      return run()
    }
    expect(process(3_600_000, 0, 1)).toEqual([])
    expect(process(0, 2)).toEqual(['v0+null', 'v1+null'])
  })
})
