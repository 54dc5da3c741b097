import type { AsyncOptions } from '../../../../lib'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import { NO_HEADERS } from '../../../../lib/record/headers'
import type { TopicPartition } from '../../../../lib/record/topic-partition'
import type { ManagedStore } from '../../../../lib/state/store'
import * as serdes from '../../../../lib/serdes'
import type { ProducedRecord } from '../../../../lib/testing/recording-collector'
import type { Topology } from '../../../../lib/topology/topology'
import { deferred, fetched, settled, taskOf, type TaskUnderTest } from './processing-under-test'

const A: TopicPartition = { topic: 'a', partition: 0 }
const text = { key: serdes.string(), value: serdes.string() }
const PENDING = 'app-look-up-pending-changelog'

/** Calls wait until they are answered by the values of their records. */
class Service {
  readonly calls: string[] = []
  readonly signals = new Map<string, AbortSignal>()
  readonly #gates = new Map<string, ReturnType<typeof deferred>>()

  call = async (value: string, _key: string | null, { signal }: { signal: AbortSignal }): Promise<string> => {
    this.calls.push(value)
    this.signals.set(value, signal)
    const gate = deferred()
    this.#gates.set(value, gate)
    await gate.promise
    return `${value}!`
  }

  async answer(...values: string[]): Promise<void> {
    for (const value of values) this.#gates.get(value)!.resolve()
    await settled()
  }

  async refuse(value: string): Promise<void> {
    this.#gates.get(value)!.reject(new Error(`${value} refused`))
    await settled()
  }

  /** Those made since the last look. */
  newCalls(): string[] {
    return this.calls.splice(0)
  }
}

describe('an async operator', () => {
  let service: Service
  let open: TaskUnderTest[]

  beforeEach(() => {
    service = new Service()
    open = []
  })
  afterEach(async () => {
    for (const { task } of open) await task.close()
  })

  const topologyOf = (options: AsyncOptions<string, string> = {}): Topology => {
    const builder = new StreamsBuilder()
    builder
      .stream('a', text)
      .mapValuesAsync(service.call, { name: 'look-up', ...options, value: serdes.string() })
      .to('out')
    return builder.build()
  }

  /** `restored`: the changelog records that an earlier task has left. */
  const start = async (
    topology: Topology,
    config: Parameters<typeof taskOf>[2] = {},
    { restored = [], ...options }: Parameters<typeof taskOf>[3] & { restored?: readonly ProducedRecord[] } = {},
  ): Promise<TaskUnderTest> => {
    const under = await taskOf(topology, [A], config, options)
    open.push(under)
    for (const record of restored) {
      const store = under.stores.all.find(({ changelogTopic }) => changelogTopic === record.topic) as ManagedStore
      store.restore({ key: record.key!, value: record.value, timestamp: record.timestamp, headers: () => NO_HEADERS })
    }
    under.task.initialize(new Map())
    return under
  }

  let offset = 0
  const records = (...pairs: (readonly [string | null, string])[]) =>
    fetched(
      A,
      pairs.map(([key, value]) => ({ offset: offset++, key, value, timestamp: 5 })),
    )
  beforeEach(() => (offset = 0))

  /** All that is sent for a commit, and only that. */
  const commit = ({ task, collector }: TaskUnderTest): readonly ProducedRecord[] => {
    expect(task.prepareCommit()).toBe(true)
    return collector.take()
  }
  const changes = (produced: readonly ProducedRecord[]): (number | string)[] =>
    produced
      .filter(({ topic }) => topic === PENDING)
      .map(({ key, value }) => `${value === null ? 'delete' : 'put'} ${key!.readInt32BE()}`)

  describe('the order of calls and results', () => {
    it('by key: calls of a key one after another, those of other keys side by side', async () => {
      const { task, run } = await start(topologyOf())
      task.addRecords(records(['a', 'a1'], ['a', 'a2'], ['b', 'b1'], ['a', 'a3']))
      expect(run()).toEqual([])
      expect(service.newCalls()).toEqual(['a1', 'b1'])
      await service.answer('b1')
      expect(run()).toEqual(['b1!'])
      await service.answer('a1')
      expect([run(), service.newCalls()]).toEqual([['a1!'], ['a2']])
      await service.answer('a2')
      expect([run(), service.newCalls()]).toEqual([['a2!'], ['a3']])
      await service.answer('a3')
      expect(run()).toEqual(['a3!'])
    })

    it('by key: records without a key wait for none', async () => {
      const { task, run } = await start(topologyOf())
      task.addRecords(records([null, 'x'], [null, 'y']))
      run()
      await service.answer('y')
      expect(run()).toEqual(['y!'])
    })

    it('by key: after a failure, the next call of the key waits until the error is dealt with', async () => {
      const { task, run } = await start(topologyOf({ onError: 'skip' }))
      task.addRecords(records(['a', 'a1'], ['a', 'a2']))
      run()
      await service.refuse('a1')
      expect(service.newCalls()).toEqual(['a1'])
      run()
      expect(service.newCalls()).toEqual(['a2'])
    })

    it('by input: all calls side by side, results in the order of the inputs', async () => {
      const { task, run } = await start(topologyOf({ order: 'input' }))
      task.addRecords(records(['a', 'a1'], ['a', 'a2'], ['b', 'b1']))
      run()
      expect(service.newCalls()).toEqual(['a1', 'a2', 'b1'])
      await service.answer('b1', 'a2')
      expect(run()).toEqual([])
      await service.answer('a1')
      expect(run()).toEqual(['a1!', 'a2!', 'b1!'])
    })

    it('none: results as they come', async () => {
      const { task, run } = await start(topologyOf({ order: 'none' }))
      task.addRecords(records(['a', 'a1'], ['a', 'a2']))
      run()
      await service.answer('a2')
      expect(run()).toEqual(['a2!'])
      await service.answer('a1')
      expect(run()).toEqual(['a1!'])
    })
  })

  describe('bounds', () => {
    it('makes at most as many calls at a time as it may', async () => {
      const { task, run } = await start(topologyOf({ concurrency: 2 }))
      task.addRecords(records(['a', 'x'], ['b', 'y'], ['c', 'z']))
      run()
      expect(service.newCalls()).toEqual(['x', 'y'])
      await service.answer('y')
      expect(service.newCalls()).toEqual(['z'])
    })

    it('takes no more input when it holds as many records as it may, until a result is forwarded', async () => {
      const { task, run } = await start(topologyOf({ maxRecords: 2 }))
      task.addRecords(records(['a', 'x'], ['b', 'y'], ['c', 'z']))
      run()
      expect(service.newCalls()).toEqual(['x', 'y'])
      expect(task.bufferedRecords('a', 0)).toBe(1)
      await service.answer('x')
      expect(run()).toEqual(['x!'])
      expect(service.newCalls()).toEqual(['z'])
    })

    it('wakes the task up for a result, also while it is full, and once for several', async () => {
      let wakeUps = 0
      const { task, run } = await start(topologyOf({ maxRecords: 3 }), {}, { wakeUp: () => wakeUps++ })
      task.addRecords(records(['a', 'x'], ['b', 'y'], ['c', 'z']))
      run()
      expect([wakeUps, task.process()]).toEqual([0, false])
      await service.answer('x', 'y')
      expect([wakeUps, task.hasBuffered]).toEqual([1, true])
      run()
      await service.answer('z')
      expect(wakeUps).toBe(2)
      run()
      expect(task.hasBuffered).toBe(false)
    })

    it('takes no more input when it holds as many bytes as it may', async () => {
      const { task, run } = await start(topologyOf({ maxBytes: 1000 }))
      task.addRecords(records(['a', 'x'.repeat(1000)], ['b', 'y']))
      run()
      expect(service.newCalls()).toHaveLength(1)
      await service.answer('x'.repeat(1000))
      run()
      expect(service.newCalls()).toEqual(['y'])
    })

    it('forwards no result into another operator that is full', async () => {
      const first = new Service()
      const builder = new StreamsBuilder()
      builder
        .stream('a', text)
        .mapValuesAsync(first.call, { name: 'first', value: serdes.string() })
        .mapValuesAsync(service.call, { name: 'look-up', value: serdes.string(), maxRecords: 1 })
        .to('out')
      const { task, run } = await start(builder.build())
      task.addRecords(records(['a', 'x'], ['b', 'y']))
      run()
      await first.answer('x', 'y')
      run()
      expect(service.newCalls()).toEqual(['x!'])
      await service.answer('x!')
      expect(run()).toEqual(['x!!'])
      expect(service.newCalls()).toEqual(['y!'])
    })

    it('many calls that return no promise end without a deep stack', async () => {
      const builder = new StreamsBuilder()
      builder
        .stream('a', text)
        .mapValuesAsync(
          (value) => (value === 'first' ? service.call(value, null, { signal: AbortSignal.abort() }) : value),
          {
            name: 'look-up',
            value: serdes.string(),
            maxRecords: 100_000,
          },
        )
        .to('out')
      const { task, run } = await start(builder.build())
      task.addRecords(records(['a', 'first'], ...Array.from({ length: 5_000 }, () => ['a', 'later'] as const)))
      run()
      await service.answer('first')
      expect(run()).toHaveLength(5_001)
    })
  })

  describe('commits', () => {
    it('wait for no call: the offset is past the records whose calls have not ended, and these are logged', async () => {
      const under = await start(topologyOf())
      under.task.addRecords(records(['a', 'x'], ['b', 'y']))
      under.run()
      expect(changes(commit(under))).toEqual(['put 0', 'put 1'])
      expect(under.task.committableOffsets()).toMatchObject([{ topic: 'a', partition: 0, offset: 2 }])
    })

    it('log a record once, and not at all if its result is forwarded before', async () => {
      const under = await start(topologyOf())
      under.task.addRecords(records(['a', 'x'], ['b', 'y']))
      under.run()
      await service.answer('y')
      under.run()
      expect(changes(commit(under))).toEqual(['put 0'])
      under.task.addRecords(records(['c', 'z']))
      under.run()
      expect(changes(commit(under))).toEqual(['put 1'])
    })

    it('log a record whose call has ended, if its result is not forwarded', async () => {
      const under = await start(topologyOf())
      under.task.addRecords(records(['a', 'x']))
      under.run()
      await service.answer('x')
      expect(changes(commit(under))).toEqual(['put 0'])
      expect(under.run()).toEqual(['x!'])
    })

    it('under exactly-once, a deletion is committed with the result', async () => {
      const under = await start(topologyOf(), { processingGuarantee: 'exactly_once' })
      under.task.addRecords(records(['a', 'x']))
      under.run()
      commit(under)
      await service.answer('x')
      under.run()
      expect(under.task.commitNeeded).toBe(true)
      expect(changes(commit(under))).toEqual(['delete 0'])
      expect(under.task.commitNeeded).toBe(false)
    })

    it('under at-least-once, a deletion comes one commit after the result, and asks for that commit', async () => {
      const under = await start(topologyOf())
      under.task.addRecords(records(['a', 'x']))
      under.run()
      commit(under)
      await service.answer('x')
      under.run()
      expect(changes(commit(under))).toEqual([])
      expect(under.task.commitNeeded).toBe(true)
      expect(changes(commit(under))).toEqual(['delete 0'])
      expect(under.task.commitNeeded).toBe(false)
    })

    it('write a record in the place of one that they delete, so that the changelog has no more entries than were ever held', async () => {
      const under = await start(topologyOf(), { processingGuarantee: 'exactly_once' })
      const slots = new Set<string>()
      for (let round = 0; round < 20; round++) {
        under.task.addRecords(records(['a', `${round}`], ['b', `b${round}`]))
        under.run()
        for (const change of changes(commit(under))) slots.add(String(change))
        await service.answer(`${round}`, `b${round}`)
        under.run()
      }
      expect(slots).toEqual(new Set(['put 0', 'put 1']))
    })

    it('under at-least-once, a deletion waits for one more commit if the last one was dropped', async () => {
      const under = await start(topologyOf())
      under.task.addRecords(records(['a', 'x']))
      under.run()
      commit(under)
      await service.answer('x')
      under.run()
      commit(under)
      under.task.commitAgain()
      expect(changes(commit(under))).toEqual([])
      expect(changes(commit(under))).toEqual(['delete 0'])
    })

    it('log what caches have flushed into the operator for this very commit', async () => {
      const builder = new StreamsBuilder()
      builder
        .stream('a', text)
        .groupByKey()
        .count('counts')
        .toStream()
        .mapValuesAsync((count) => service.call(String(count), null, { signal: AbortSignal.abort() }), {
          name: 'look-up',
          value: serdes.string(),
        })
        .to('out')
      const under = await start(builder.build(), {}, { cache: { maxBytes: 1e6, usedBytes: 0 } })
      under.task.addRecords(records(['a', 'x'], ['a', 'y']))
      under.run()
      expect(service.newCalls()).toEqual([])
      const produced = commit(under)
      expect(produced.map(({ topic }) => topic)).toEqual(['app-counts-changelog', PENDING])
      expect(service.newCalls()).toEqual(['2'])
    })
  })

  describe('after a restart', () => {
    it('calls again for what was held, in order, with key, value, timestamp, headers and origin', async () => {
      const seen: unknown[] = []
      const builder = new StreamsBuilder()
      builder.stream('a', text).foreachAsync(
        async (value, key, { topic, partition, offset, timestamp, headers, attempt }) => {
          seen.push({ value, key, topic, partition, offset, timestamp, headers, attempt })
          await new Promise(() => {})
        },
        { name: 'look-up' },
      )
      const topology = builder.build()
      const before = await start(topology)
      before.task.addRecords(
        fetched(A, [
          { offset: 3, key: 'a', value: 'x', timestamp: 7, headers: [['source', Buffer.from('web')]] },
          { offset: 4, key: null, value: 'y', timestamp: 6 },
          { offset: 5, key: 'a', value: 'z', timestamp: 8 },
        ]),
      )
      before.run()
      const first = seen.splice(0)
      const left = commit(before)
      const after = await start(topology, {}, { restored: left })
      expect(seen).toEqual(first)
      expect(seen).toMatchObject([
        { key: 'a', value: 'x', offset: 3, timestamp: 7, headers: [['source', Buffer.from('web')]], attempt: 1 },
        { key: null, value: 'y', offset: 4, timestamp: 6 },
      ])
      after.task.addRecords(fetched(A, [{ offset: 6, key: 'b', value: 'new' }]))
      after.run()
      expect(seen.slice(2)).toMatchObject([{ value: 'new' }])
    })

    it('forwards and deletes what was restored, and calls for new records of its keys after it', async () => {
      const topology = topologyOf()
      const config = { processingGuarantee: 'exactly_once' as const }
      const before = await start(topology, config)
      before.task.addRecords(records(['a', 'x'], ['a', 'y']))
      before.run()
      const left = commit(before)
      service.newCalls()
      const after = await start(topology, config, { restored: left })
      after.task.addRecords(records(['a', 'z']))
      after.run()
      expect(service.newCalls()).toEqual(['x'])
      await service.answer('x')
      after.run()
      await service.answer('y')
      expect(after.run()).toEqual(['y!'])
      expect(service.newCalls()).toEqual(['y', 'z'])
      expect(changes(commit(after))).toEqual(['put 1', 'delete 0'])
    })

    it('what was deleted stays so, and what has its slot is restored', async () => {
      const topology = topologyOf()
      const config = { processingGuarantee: 'exactly_once' as const }
      const first = await start(topology, config)
      first.task.addRecords(records(['a', 'x']))
      first.run()
      const log = [...commit(first)]
      await service.answer('x')
      first.run()
      log.push(...commit(first))
      const second = await start(topology, config, { restored: log })
      second.task.addRecords(records(['a', 'y']))
      second.run()
      log.push(...commit(second))
      service.newCalls()
      await start(topology, config, { restored: log })
      expect(service.newCalls()).toEqual(['y'])
    })

    it('sends the source record to the dead letter topic', async () => {
      const builder = new StreamsBuilder()
      builder
        .stream('a', text)
        .mapValues((value) => value.length, { value: serdes.int() })
        .foreachAsync((length) => service.call(String(length), null, { signal: AbortSignal.abort() }).then(() => {}), {
          name: 'look-up',
          onError: { deadLetter: 'dead' },
        })
      const topology = builder.build()
      const before = await start(topology)
      before.task.addRecords(records(['a', 'four']))
      before.run()
      const after = await start(topology, {}, { restored: commit(before) })
      await service.refuse('4')
      after.task.process()
      expect(after.sent('dead')).toEqual(['four'])
    })
  })

  it('close() fires the signals of the calls that run, and their results have no effect', async () => {
    const under = await start(topologyOf())
    under.task.addRecords(records(['a', 'x'], ['b', 'y']))
    under.run()
    await service.answer('y')
    await under.task.close()
    open = []
    expect(service.signals.get('x')!.aborted).toBe(true)
    expect(service.signals.get('x')!.reason).toMatchObject({ code: 'ILLEGAL_STATE', location: { operator: 'look-up' } })
    expect(service.signals.get('y')!.aborted).toBe(false)
    await service.answer('x')
    expect(under.sent()).toEqual([])
  })

  it('results wait for a processor downstream that awaits, as records do', async () => {
    const seen: string[] = []
    const builder = new StreamsBuilder()
    const gate = deferred()
    builder
      .stream('a', text)
      .mapValuesAsync(service.call, { name: 'look-up', value: serdes.string() })
      .foreach(async (value) => {
        seen.push(value)
        await gate.promise
      })
    const under = await start(builder.build())
    under.task.addRecords(records(['a', 'x'], ['b', 'y']))
    under.run()
    await service.answer('x', 'y')
    under.run()
    expect(seen).toEqual(['x!'])
    expect(under.task.isBusy).toBe(true)
    gate.resolve()
    await settled()
    expect(seen).toEqual(['x!', 'y!'])
    expect(under.task.prepareCommit()).toBe(true)
  })
})
