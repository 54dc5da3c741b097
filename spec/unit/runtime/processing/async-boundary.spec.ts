import { deadLetterTopic, logAndContinue } from '../../../../lib/handlers'
import type { Processor, ProcessorContext } from '../../../../lib/operators/processor'
import type { KeyValueStore } from '../../../../lib/state/store'
import { keyValueStore } from '../../../../lib/state/stores'
import * as serdes from '../../../../lib/serdes'
import { Topology } from '../../../../lib/topology/topology'
import { deferred, fetched, settled, taskOf } from './processing-under-test'
import type { TopicPartition } from '../../../../lib/record/topic-partition'
import type { StreamRecord } from '../../../../lib/record/stream-record'

const A: TopicPartition = { topic: 'a', partition: 0 }

type Gate = ReturnType<typeof deferred>

/** Waits for its gate, then forwards. Values that begin with `sync` pass at once. */
class Waiting implements Processor<string, string, string, string> {
  private context!: ProcessorContext<string, string>
  constructor(
    private readonly gates: Map<string, Gate>,
    private readonly seen: string[] = [],
  ) {}
  init(context: ProcessorContext<string, string>): void {
    this.context = context
  }
  process(record: StreamRecord<string, string>): void | Promise<void> {
    this.seen.push(record.value)
    if (record.value.startsWith('sync')) return this.context.forward(record)
    const gate = deferred()
    this.gates.set(record.value, gate)
    return gate.promise.then(() => {
      const { offset } = this.context.recordMetadata()!
      this.context.forward(record.withValue(`${record.value}@${offset}`))
    })
  }
}

const waiting = (gates: Map<string, Gate>, seen?: string[]): Topology =>
  new Topology()
    .addSource('source', 'a')
    .addProcessor('wait', () => new Waiting(gates, seen), 'source')
    .addSink('sink', 'out', 'wait')

const values = (...list: string[]) =>
  fetched(
    A,
    list.map((value, offset) => ({ offset, value, timestamp: offset })),
  )

describe('an async processor', () => {
  it('takes its records one by one, in order, and forwards in their context', async () => {
    const gates = new Map<string, Gate>()
    const seen: string[] = []
    const { task, run, sent } = await taskOf(waiting(gates, seen), [A])
    task.initialize(new Map())
    task.addRecords(values('x', 'y', 'sync z'))
    expect(run()).toEqual([])
    expect(seen).toEqual(['x'])
    gates.get('x')!.resolve()
    await settled()
    expect(sent()).toEqual(['x@0'])
    expect(seen).toEqual(['x', 'y'])
    gates.get('y')!.resolve()
    await task.drained()
    expect(sent()).toEqual(['y@1', 'sync z'])
    expect(task.prepareCommit()).toBe(true)
  })

  it('lets synchronous siblings go on', async () => {
    const gates = new Map<string, Gate>()
    const topology = waiting(gates).addSink('copy', 'copy', 'source')
    const { task, run, collector } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(values('x', 'y'))
    run()
    task.addRecords(fetched(A, [{ offset: 2, value: 'z' }]))
    while (task.process());
    expect(collector.take().map(({ topic, value }) => `${topic} ${value}`)).toEqual(['copy z'])
  })

  it('is waited for by drained, and not left behind by a commit', async () => {
    const gates = new Map<string, Gate>()
    const { task, run } = await taskOf(waiting(gates), [A])
    task.initialize(new Map())
    task.addRecords(values('x'))
    run()
    let drained = false
    const draining = task.drained().then(() => (drained = true))
    await settled()
    expect(drained).toBe(false)
    expect(task.prepareCommit()).toBe(false)
    gates.get('x')!.resolve()
    await draining
    expect(task.prepareCommit()).toBe(true)
  })

  it('stops the input when its queue is full, and wakes the loop when it is not any more', async () => {
    const gates = new Map<string, Gate>()
    let woken = 0
    const { task } = await taskOf(waiting(gates), [A], {}, { wakeUp: () => void woken++ })
    task.initialize(new Map())
    task.addRecords(values(...Array.from({ length: 100 }, (_, i) => `v${i}`)))
    let processed = 0
    while (task.process()) processed++
    expect(processed).toBeLessThan(100)
    expect(task.hasBuffered).toBe(true)
    expect(woken).toBe(0)
    gates.get('v0')!.resolve()
    await settled()
    expect(woken).toBe(1)
    expect(task.process()).toBe(true)
    expect(task.process()).toBe(false)
  })

  it('fails the task with the operator and its record when it rejects', async () => {
    const gates = new Map<string, Gate>()
    let woken = 0
    const { task, run } = await taskOf(waiting(gates), [A], {}, { wakeUp: () => void woken++ })
    task.initialize(new Map())
    task.addRecords(values('sync', 'x', 'y'))
    run()
    const drained = expect(task.drained()).rejects.toThrow(
      /operator "wait" of task 0_0 failed at offset 1 of a-0: no such row/,
    )
    gates.get('x')!.reject(new Error('no such row'))
    await drained
    expect(woken).toBe(1)
    expect(gates.has('y')).toBe(false)
    expect(() => task.process()).toThrow('no such row')
    await expect(task.drained()).rejects.toThrow('no such row')
  })

  it('goes on without a rejected record if the handler says so; dead letters have the source bytes', async () => {
    const gates = new Map<string, Gate>()
    const { task, collector } = await taskOf(waiting(gates), [A], {
      processingExceptionHandler: deadLetterTopic('dead'),
    })
    task.initialize(new Map())
    task.addRecords(
      fetched(A, [
        { offset: 0, key: 'k', value: 'x' },
        { offset: 1, value: 'y' },
      ]),
    )
    while (task.process());
    gates.get('x')!.reject(new TypeError('no such row'))
    await settled()
    gates.get('y')!.resolve()
    await task.drained()
    const [dead, out] = collector.take()
    expect([dead!.topic, dead!.key!.toString(), dead!.value!.toString()]).toEqual(['dead', 'k', 'x'])
    expect(
      dead!.headers.map(([name, value]) => `${name}=${/stacktrace|description/.test(name) ? '…' : value}`),
    ).toEqual([
      '__streams.errors.exception=TypeError',
      '__streams.errors.message=no such row',
      '__streams.errors.stacktrace=…',
      '__streams.errors.topic=a',
      '__streams.errors.partition=0',
      '__streams.errors.offset=0',
      '__millrace.errors.operator=wait',
      '__millrace.errors.code=PROCESSING_FAILED',
      '__millrace.errors.description=…',
    ])
    expect(out!.value!.toString()).toBe('y@1')
    expect(task.recordCounts.droppedTotal).toBe(1)
  })

  it('comes to nothing if the task is closed meanwhile', async () => {
    const gates = new Map<string, Gate>()
    let woken = 0
    const { task, run, sent } = await taskOf(waiting(gates), [A], {}, { wakeUp: () => void woken++ })
    task.initialize(new Map())
    task.addRecords(values('x', 'y'))
    run()
    const drained = expect(task.drained()).rejects.toThrow('task 0_0 is closed')
    await task.close()
    await drained
    gates.get('x')!.resolve()
    await settled()
    expect([sent(), gates.has('y'), woken]).toEqual([[], false, 0])
  })

  it('notices a failure below it', async () => {
    const gates = new Map<string, Gate>()
    const topology = waiting(gates).addProcessor(
      'below',
      () => ({
        process: (record: StreamRecord<string, string>) => {
          if (record.value.startsWith('bad')) throw new Error('boom')
        },
      }),
      'wait',
    )
    const { task, run } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(values('bad'))
    run()
    gates.get('bad')!.resolve()
    await expect(task.drained()).rejects.toThrow('operator "below" of task 0_0 failed at offset 0 of a-0: boom')
  })

  it('writes to stores in the context of its own record, whatever was processed meanwhile', async () => {
    const gates: Gate[] = []
    const store = keyValueStore('seen', { key: serdes.string(), value: serdes.string() })
    const topology = new Topology()
      .addSource('source', 'a')
      .addProcessor(
        'write',
        () => {
          let context!: ProcessorContext<string, string>
          return {
            init: (given: ProcessorContext<string, string>) => void (context = given),
            process: async (record: StreamRecord<string, string>) => {
              const gate = deferred()
              gates.push(gate)
              await gate.promise
              context.stateStore<KeyValueStore<string, string>>('seen').put('k', record.value)
            },
          }
        },
        'source',
        [store],
      )
      .addSink('copy', 'copy', 'source')
    const { task, run, collector } = await taskOf(topology, [A])
    task.initialize(new Map())
    task.addRecords(
      fetched(A, [
        { offset: 0, timestamp: 11, value: 'x' },
        { offset: 1, timestamp: 22, value: 'y' },
      ]),
    )
    run()
    gates[0]!.resolve()
    await settled()
    task.addRecords(fetched(A, [{ offset: 2, timestamp: 33, value: 'z' }]))
    run()
    gates[1]!.resolve()
    await settled()
    gates[2]!.resolve()
    await task.drained()
    const changes = collector.take().filter(({ topic }) => topic === 'app-seen-changelog')
    expect(changes.map(({ value, timestamp }) => `${value} ${timestamp}`)).toEqual(['y 22', 'z 33'])
  })

  it('may be a punctuation; the next one waits for it', async () => {
    const gates: Gate[] = []
    const topology = new Topology().addSource('source', 'a').addProcessor(
      'tick',
      () => ({
        init: (context: ProcessorContext<string, string>) =>
          void context.schedule(10, 'wall-clock-time', () => {
            const gate = deferred()
            gates.push(gate)
            return gate.promise
          }),
        process: () => {},
      }),
      'source',
    )
    const { task } = await taskOf(topology, [A])
    task.initialize(new Map())
    expect(task.maybePunctuateWallClock(10)).toBe(true)
    expect(task.maybePunctuateWallClock(20)).toBe(false)
    expect(gates).toHaveLength(1)
    gates[0]!.resolve()
    await task.drained()
    expect(task.maybePunctuateWallClock(30)).toBe(true)
    expect(gates).toHaveLength(2)
  })

  it('in a punctuation can fail, and be let pass', async () => {
    const topology = new Topology().addSource('source', 'a').addProcessor(
      'tick',
      () => ({
        init: (context: ProcessorContext<string, string>) =>
          void context.schedule('10ms', 'wall-clock-time', () => Promise.reject(new Error('boom'))),
        process: () => {},
      }),
      'source',
    )
    const failing = await taskOf(topology, [A])
    failing.task.initialize(new Map())
    failing.task.maybePunctuateWallClock(10)
    await expect(failing.task.drained()).rejects.toThrow('operator "tick" of task 0_0 failed in a punctuation: boom')

    const lenient = await taskOf(topology, [A], { processingExceptionHandler: logAndContinue() })
    lenient.task.initialize(new Map())
    lenient.task.maybePunctuateWallClock(10)
    await lenient.task.drained()
    expect(lenient.task.recordCounts.droppedTotal).toBe(1)
  })
})
