import { setTimeout as delay } from 'node:timers/promises'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'
import * as serdes from '../../../../lib/serdes'
import type { Topology } from '../../../../lib/topology/topology'
import { EmbeddedApps, failureOf, until } from '../../../support/embedded-apps'

const text = { key: serdes.string(), value: serdes.string() }
/** Longer than a busy machine takes for a transaction in which nothing is slow. */
const TRANSACTION_TIMEOUT_MS = 800
const SLOW_MS = 2.5 * TRANSACTION_TIMEOUT_MS

describe('an awaited callback that outlasts the transaction', () => {
  let apps: EmbeddedApps
  let calls: string[]
  let pending: string[]

  beforeEach(() => {
    apps = new EmbeddedApps({ lines: 3, early: 3, out: 3 })
    calls = []
    pending = []
  })
  afterEach(() => apps.close())

  const look = async (value: string | null): Promise<void> => {
    calls.push(value!)
    pending.push(value!)
    await delay(value!.startsWith('slow') ? SLOW_MS : 1)
    pending.splice(pending.indexOf(value!), 1)
  }
  const awaiting = ({ early = false } = {}): Topology => {
    const builder = new StreamsBuilder()
    const lines = builder.stream('lines', text)
    if (early) lines.to('early', text)
    lines.peek(look, { name: 'look-up' }).to('out', text)
    return builder.build()
  }
  const produce = (partition: number, ...values: string[]): Promise<void> =>
    apps.kafka.produce(
      'lines',
      values.map((value) => ({ value, partition })),
    )
  const valuesIn = async (topic: string): Promise<(string | null)[]> =>
    (await apps.kafka.read(topic)).map(({ value }) => value).sort()
  const committed = async (partition: number): Promise<number> =>
    (await apps.kafka.client().admin().groupOffsets('app')).get(`lines-${partition}`)?.offset ?? 0

  describe.each(['at_least_once', 'exactly_once'] as const)('with %s', (processingGuarantee) => {
    it('lets other tasks commit in that time, and has its own record committed once', async () => {
      const app = apps.create(awaiting(), { processingGuarantee, transactionTimeout: TRANSACTION_TIMEOUT_MS })
      await app.start()
      await produce(1, 'first')
      await until(async () => (await committed(1)) === 1)
      await produce(0, 'slow')
      await until(() => pending.includes('slow'))
      for (let i = 0; i < 5; i++) await produce(1, `other ${i}`)
      await until(async () => (await committed(1)) === 6)
      expect(pending).toEqual(['slow'])
      expect(await valuesIn('out')).toEqual(['first', 'other 0', 'other 1', 'other 2', 'other 3', 'other 4'])

      await until(async () => (await committed(0)) === 1)
      expect(await valuesIn('out')).toEqual(['first', 'other 0', 'other 1', 'other 2', 'other 3', 'other 4', 'slow'])
      expect(calls.filter((value) => value === 'slow')).toHaveLength(1)
      expect(apps.warnings).toEqual([])
      expect(app.state).toBe('RUNNING')
    })

    it('is waited for by close()', async () => {
      const app = apps.create(awaiting(), { processingGuarantee, transactionTimeout: TRANSACTION_TIMEOUT_MS })
      await app.start()
      await produce(0, 'slow')
      await until(() => pending.includes('slow'))
      expect(await app.close()).toBe(true)
      expect([await committed(0), await valuesIn('out')]).toEqual([1, ['slow']])
    })

    it('is waited for before its task moves to another instance', async () => {
      const config = { processingGuarantee, transactionTimeout: TRANSACTION_TIMEOUT_MS }
      const first = apps.create(awaiting(), config)
      await first.start()
      for (const partition of [0, 1, 2]) await produce(partition, `slow ${partition}`)
      await until(() => pending.length === 3)
      const second = apps.create(awaiting(), { ...config, stateDir: apps.stateDir('b') })
      await second.start()
      await until(() => second.metadataForLocalTasks().length > 0)
      await until(async () => (await valuesIn('out')).length === 3)
      expect(await valuesIn('out')).toEqual(['slow 0', 'slow 1', 'slow 2'])
      expect(calls).toHaveLength(3)
      await until(() => first.state === 'RUNNING' && second.state === 'RUNNING')
    })
  })

  const looking = (): Topology => {
    const builder = new StreamsBuilder()
    const counts = builder.stream('lines', text).groupByKey().count({ store: 'counts' }).toStream()
    counts.peek((_, key) => look(key), { name: 'look-up' }).to('out', { key: serdes.string(), value: serdes.long() })
    return builder.build()
  }
  const produceKeys = (partition: number, ...keys: string[]): Promise<void> =>
    apps.kafka.produce(
      'lines',
      keys.map((key) => ({ key, value: key, partition })),
    )

  it('lets other tasks commit in that time where a cache has written out into it (at_least_once)', async () => {
    const app = apps.create(looking())
    await app.start()
    await produceKeys(0, 'slow')
    await until(() => pending.includes('slow'))
    await produceKeys(1, 'other')
    await until(async () => (await committed(1)) === 1)
    expect(pending).toEqual(['slow'])
    await until(async () => (await committed(0)) === 1)
    expect(calls).toEqual(['slow', 'other'])
  })

  it('ends the instance where a cache has written out into it (exactly_once)', async () => {
    const app = apps.create(looking(), {
      processingGuarantee: 'exactly_once',
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
    })
    const failed = failureOf(app)
    await app.start()
    await produceKeys(0, 'slow')
    expect(await failed).toMatchObject({
      code: 'TRANSACTION_TIMEOUT',
      location: { operator: 'look-up', taskId: '0_0' },
    })
    expect(calls.length).toBeLessThanOrEqual(2)
  })

  it('again and again is repeated with a transaction for each record', async () => {
    const app = apps.create(awaiting(), {
      processingGuarantee: 'exactly_once',
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
    })
    await app.start()
    await produce(0, 'slow 0', 'slow 1', 'slow 2')
    await until(async () => (await committed(0)) === 3)
    expect(await valuesIn('out')).toEqual(['slow 0', 'slow 1', 'slow 2'])
    expect(calls.length).toBeLessThanOrEqual(5)
    expect(app.state).toBe('RUNNING')
  })

  it('after its record has written to the transaction ends the instance, naming the operator', async () => {
    const app = apps.create(awaiting({ early: true }), {
      processingGuarantee: 'exactly_once',
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
    })
    await app.start()
    const failed = failureOf(app)
    await produce(0, 'slow')
    expect(await failed).toMatchObject({
      code: 'TRANSACTION_TIMEOUT',
      message: expect.stringMatching(
        /operator "look-up" of task 0_0 is pending .*800 ms.*Raise transactionTimeout/s,
      ) as string,
      location: { operator: 'look-up', taskId: '0_0' },
    })
    expect(calls.length).toBeLessThanOrEqual(2)
    expect([await valuesIn('early'), await committed(0)]).toEqual([[], 0])
    expect(app.state).toBe('ERROR')
  })

  it('after other records of its task have written to the transaction is repeated with a transaction of its own', async () => {
    const app = apps.create(awaiting(), {
      processingGuarantee: 'exactly_once',
      transactionTimeout: TRANSACTION_TIMEOUT_MS,
      commitInterval: TRANSACTION_TIMEOUT_MS / 3,
    })
    await app.start()
    await produce(0, 'quick', 'slow', 'after')
    await produce(1, 'other')
    await until(async () => (await committed(0)) === 3)
    await until(async () => (await committed(1)) === 1)
    expect(await valuesIn('out')).toEqual(['after', 'other', 'quick', 'slow'])
    expect(calls.filter((value) => value === 'slow').length).toBeLessThanOrEqual(2)
    expect(app.state).toBe('RUNNING')
  })

  it.each(['at_least_once', 'exactly_once'] as const)(
    'by many short ones in a row does not keep its task from being committed (%s)',
    async (processingGuarantee) => {
      const builder = new StreamsBuilder()
      let done = 0
      const finished: number[] = []
      builder
        .stream('lines', text)
        .peek(() => delay(10).then(() => void done++))
        .to('out', text)
      const app = apps.create(builder.build(), { processingGuarantee, transactionTimeout: 2000 })
      await app.start()
      await produce(0, ...Array.from({ length: 300 }, (_, i) => `line ${i}`))
      await until(async () => {
        if ((await committed(0)) > 0) finished.push(done)
        return finished.length > 0
      })
      expect(finished[0]).toBeLessThan(250)
    },
  )
})
