import { logAndContinue } from '../../../../lib/handlers'
import { StreamsError } from '../../../../lib/errors'
import type { Fetching } from '../../../../lib/runtime/tasks/preparation'
import * as serdes from '../../../../lib/serdes'
import { MissingDependency } from '../../../../lib/serdes/missing-dependency'
import type { Serde, SerdeUse } from '../../../../lib/serdes/serde'
import { keyValueStore } from '../../../../lib/state/stores'
import { Topology } from '../../../../lib/topology/topology'
import { deferred, fetched, settled, taskOf } from '../processing/processing-under-test'

/** Text; what begins with a digit takes a fetch of that digit, writing takes a fetch of the topic. */
class LazySerde implements Serde<string> {
  readonly known = new Set<string>()
  readonly prepared: string[] = []
  /** Of each fetch: how it ends. */
  readonly fetches: Array<ReturnType<typeof deferred> & { what: string }> = []

  constructor(private readonly lazyTopics: readonly string[] = []) {}

  serialize(topic: string, value: string): Buffer {
    if (this.lazyTopics.includes(topic)) this.need(topic)
    return Buffer.from(value)
  }

  deserialize(_topic: string, bytes: Buffer): string {
    const text = bytes.toString()
    if (/^\d/.test(text)) this.need(text[0]!)
    return text
  }

  async prepare(topic: string, use: SerdeUse): Promise<void> {
    this.prepared.push(`${use} ${topic}`)
  }

  private need(what: string): void {
    if (this.known.has(what)) return
    throw new MissingDependency(`fetch ${what}`, async () => {
      const fetch = { ...deferred(), what }
      this.fetches.push(fetch)
      await fetch.promise
      this.known.add(what)
    })
  }
}

const IN = { topic: 'in', partition: 0 }
const OTHER = { topic: 'other', partition: 0 }

const copy = (serde: Serde<string>, topic: string | ((value: string) => string) = 'out') =>
  new Topology()
    .addSource('s', 'in', { value: serde })
    .addSource('o', 'other', { value: serdes.string() })
    .addSink('k', topic as string, ['s', 'o'], { value: serde })

describe('a record whose serde has to fetch something', () => {
  it('waits with its partition, and so do the inputs that it is to be put in order with', async () => {
    const serde = new LazySerde()
    const wakeUp = jest.fn()
    const { task, run } = await taskOf(copy(serde), [IN, OTHER], {}, { wakeUp })
    task.initialize(new Map())
    task.addRecords(
      fetched(IN, [
        { offset: 0, timestamp: 5, value: 'a' },
        { offset: 1, timestamp: 20, value: '1b' },
      ]),
    )
    task.addRecords(
      fetched(OTHER, [
        { offset: 0, timestamp: 10, value: 'c' },
        { offset: 1, timestamp: 30, value: 'd' },
      ]),
    )
    expect(run()).toEqual(['a'])
    expect(task.hasBuffered).toBe(true)
    expect(task.committableOffsets()).toMatchObject([{ topic: 'in', offset: 1 }])
    expect(serde.fetches.map(({ what }) => what)).toEqual(['1'])
    expect(wakeUp).not.toHaveBeenCalled()
    serde.fetches[0]!.resolve()
    await task.inputsPrepared()
    expect(wakeUp).toHaveBeenCalledTimes(1)
    expect(run()).toEqual(['c', '1b', 'd'])
    expect(task.inputsPrepared()).toBeUndefined()
    expect(serde.fetches).toHaveLength(1)
  })

  it('lets other inputs go on where the task never waits for any', async () => {
    const serde = new LazySerde()
    const { task, run } = await taskOf(copy(serde), [IN, OTHER], { maxTaskIdleMs: -1 })
    task.initialize(new Map())
    task.addRecords(fetched(IN, [{ offset: 0, timestamp: 1, value: '1b' }]))
    task.addRecords(fetched(OTHER, [{ offset: 0, timestamp: 10, value: 'c' }]))
    expect(run()).toEqual(['c'])
    serde.fetches[0]!.resolve()
    await task.inputsPrepared()
    expect(run()).toEqual(['1b'])
  })

  it("is the deserialization handler's where the fetch fails for good", async () => {
    const serde = new LazySerde()
    const { task, run, logger } = await taskOf(copy(serde), [IN], { deserializationExceptionHandler: logAndContinue() })
    task.initialize(new Map())
    task.addRecords(
      fetched(IN, [
        { offset: 0, value: '1b' },
        { offset: 1, value: 'c' },
      ]),
    )
    expect(run()).toEqual([])
    serde.fetches[0]!.reject(new StreamsError('SCHEMA_NOT_FOUND', 'no schema 1'))
    await task.inputsPrepared()
    expect(run()).toEqual(['c'])
    expect(task.recordCounts.droppedTotal).toBe(1)
    expect(logger.entries[0]!.fields['err']).toMatchObject({ message: expect.stringContaining('no schema 1') })
  })

  it('fails the task with the place of the record without a handler', async () => {
    const serde = new LazySerde()
    const { task, run } = await taskOf(copy(serde), [IN])
    task.initialize(new Map())
    task.addRecords(fetched(IN, [{ offset: 7, value: '1b' }]))
    run()
    serde.fetches[0]!.reject(new StreamsError('SCHEMA_NOT_FOUND', 'no schema 1'))
    await task.inputsPrepared()
    expect(run).toThrow(
      expect.objectContaining({
        code: 'DESERIALIZATION_FAILED',
        message: expect.stringMatching(/source "s" can't read the value at offset 7 of in-0.*no schema 1/) as string,
      }),
    )
  })

  it("is nobody's to drop where the registry refuses the application", async () => {
    const serde = new LazySerde()
    const { task, run } = await taskOf(copy(serde), [IN], { deserializationExceptionHandler: logAndContinue() })
    task.initialize(new Map())
    task.addRecords(fetched(IN, [{ offset: 0, value: '1b' }]))
    run()
    serde.fetches[0]!.reject(new StreamsError('NOT_AUTHORIZED', 'wrong password'))
    await task.inputsPrepared()
    expect(run).toThrow('wrong password')
  })

  it('is forgotten when the task is closed', async () => {
    const serde = new LazySerde()
    const signals: AbortSignal[] = []
    const fetching: Fetching = (_what, fetch, signal) => {
      signals.push(signal)
      return fetch()
    }
    const wakeUp = jest.fn()
    const { task, stores, run } = await taskOf(copy(serde), [IN], {}, { fetching, wakeUp })
    task.initialize(new Map())
    task.addRecords(fetched(IN, [{ offset: 0, value: '1b' }]))
    run()
    const waiting = task.inputsPrepared()
    await task.close()
    await stores.close('dirty')
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
    serde.fetches[0]!.resolve()
    await waiting
    expect(wakeUp).not.toHaveBeenCalled()
  })
})

describe('outputs whose serde has to fetch something', () => {
  it('wait, in order with what follows to that topic, and a commit waits for them', async () => {
    const serde = new LazySerde(['x'])
    const { task, run, sent, collector } = await taskOf(
      copy(serde, (value) => value[0]!),
      [IN, OTHER],
      { maxTaskIdleMs: -1 },
    )
    task.initialize(new Map())
    const values = ['xa', 'yb', 'xc']
    task.addRecords(
      fetched(
        IN,
        values.map((value, offset) => ({ offset, timestamp: offset, value })),
      ),
    )
    run()
    expect(collector.writable).toBe(false)
    let isDrained = false
    const drained = task.drained().then(() => (isDrained = true))
    await settled()
    expect(isDrained).toBe(false)
    serde.fetches[0]!.resolve()
    await drained
    expect(sent('x')).toEqual(['xa', 'xc'])
    expect(serde.fetches).toHaveLength(1)
    expect(collector.writable).toBe(true)
  })

  it('fail the task where the fetch fails for good', async () => {
    const serde = new LazySerde(['x'])
    const { task, run } = await taskOf(
      copy(serde, () => 'x'),
      [IN],
    )
    task.initialize(new Map())
    task.addRecords(fetched(IN, [{ offset: 0, value: 'a' }]))
    run()
    serde.fetches[0]!.reject(new StreamsError('SCHEMA_REJECTED', 'incompatible'))
    await expect(task.drained()).rejects.toMatchObject({ code: 'SCHEMA_REJECTED' })
  })
})

describe('before the first record', () => {
  it('serdes of sinks and stores are prepared, also inside of other serdes', async () => {
    const serde = new LazySerde()
    const topology = new Topology()
      .addSource('s', 'in', { value: serde })
      .addProcessor('p', () => ({ process: () => {} }), ['s'])
      .addStateStore(keyValueStore('store', { value: serdes.list(serde) }), 'p')
      .addSink('k', 'out', ['s'], { key: serdes.timeWindowed(serde, 5), value: serde } as never)
    const { stores } = await taskOf(topology, [IN])
    await stores.preparation.all()
    expect(serde.prepared.sort()).toEqual(['sink out', 'sink out', 'store app-store-changelog'])
  })

  it('a serde that lacks something in the midst of processing is no matter of the processing handler', async () => {
    const serde = new LazySerde(['app-store-changelog'])
    const topology = new Topology()
      .addSource('s', 'in', { value: serdes.string() })
      .addProcessor(
        'p',
        () => {
          let put: (value: string) => void
          return {
            init: (context) => {
              const store = context.stateStore<{
                name: string
                persistent: boolean
                put(key: string, value: string): void
              }>('store')
              put = (value) => store.put('key', value)
            },
            process: ({ value }: { value: unknown }) => put(value as string),
          }
        },
        ['s'],
      )
      .addStateStore(keyValueStore('store', { key: serdes.string(), value: serde }), 'p')
    const { task, run } = await taskOf(topology, [IN], { processingExceptionHandler: logAndContinue() })
    task.initialize(new Map())
    task.addRecords(fetched(IN, [{ offset: 0, value: 'a' }]))
    expect(run).toThrow(expect.objectContaining({ cause: expect.any(MissingDependency) as unknown }))
  })
})
