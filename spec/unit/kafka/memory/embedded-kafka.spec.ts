import { EmbeddedKafka, type ReceivedRecord } from '../../../../lib/kafka/memory'
import * as serdes from '../../../../lib/serdes'

const take = async <T>(iterable: AsyncIterable<T>, count: number): Promise<T[]> => {
  const taken: T[] = []
  for await (const item of iterable) if (taken.push(item) === count) break
  return taken
}

const textOf = ({ key, value }: ReceivedRecord): string => `${key}=${value}`

describe('EmbeddedKafka', () => {
  let kafka: EmbeddedKafka

  beforeEach(() => {
    kafka = new EmbeddedKafka({ topics: { lines: 1, wide: 4 } })
  })

  afterEach(() => kafka.close())

  it('refuses a topic that it does not have, and says what to do', async () => {
    await expect(kafka.produce('nowhere', [{ value: 'x' }])).rejects.toMatchObject({
      kind: 'unknownTopic',
      message: expect.stringContaining('create it first'),
    })
    expect(() => kafka.subscribe('nowhere')).toThrow('create it first')
    await expect(kafka.read('nowhere')).rejects.toMatchObject({ kind: 'unknownTopic' })
  })

  it('goes on after a refused record', async () => {
    await kafka.createTopic('small', 1, { 'max.message.bytes': '200' })
    await expect(kafka.produce('small', [{ value: 'x'.repeat(500) }])).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    })
    await kafka.produce('small', [{ value: 'fits' }])
    expect((await kafka.read('small')).map(textOf)).toEqual(['null=fits'])
  })

  it('writes none of a call whose record has no encoding, and goes on', async () => {
    const bad = [{ value: 'first' }, { value: 42 as unknown as string }]
    await expect(kafka.produce('lines', bad)).rejects.toThrow('a string is needed')
    await kafka.produce('lines', [{ value: 'second' }])
    expect((await kafka.read('lines')).map(textOf)).toEqual(['null=second'])
  })

  it.each([
    ['timestamp', 1.5],
    ['timestamp', NaN],
    ['timestamp', '5'],
    ['headers', { source: 'web' }],
    ['headers', [['source', 'web']]],
  ])('refuses a record whose %s is %j', async (name, given) => {
    await expect(kafka.produce('lines', [{ value: 'x', [name]: given }])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(`produce needs a record's ${name} to be `) as string,
    })
    expect(await kafka.read('lines')).toEqual([])
  })

  it('leaves an existing topic as it is', async () => {
    expect(await kafka.createTopic('lines', 3)).toBe(false)
    expect(await kafka.client().admin().topics(['lines'])).toEqual([{ topic: 'lines', partitions: 1 }])
  })

  it('gives a topic more partitions, never fewer', async () => {
    await kafka.produce('lines', [{ value: 'before', partition: 0 }])
    await kafka.createPartitions('lines', 3)
    await kafka.produce('lines', [{ value: 'after', partition: 2 }])
    expect((await kafka.read('lines')).map(({ partition, value }) => [partition, value])).toEqual([
      [0, 'before'],
      [2, 'after'],
    ])
    expect(await kafka.client().admin().topics(['lines'])).toEqual([{ topic: 'lines', partitions: 3 }])
    await expect(kafka.createPartitions('lines', 3)).rejects.toMatchObject({ code: 'INVALID_PARTITIONS' })
    await expect(kafka.createPartitions('nowhere', 3)).rejects.toMatchObject({ kind: 'unknownTopic' })
  })

  it('gives back what was written, with everything', async () => {
    const headers = [
      ['trace', Buffer.from('1')],
      ['none', null],
      ['trace', Buffer.alloc(0)],
    ] as const
    await kafka.produce('lines', [
      { key: 'k', value: 'v', timestamp: 7, headers },
      { value: null, timestamp: 0 },
    ])
    expect(await kafka.read('lines')).toEqual([
      { topic: 'lines', partition: 0, offset: 0, timestamp: 7, key: 'k', value: 'v', headers },
      { topic: 'lines', partition: 0, offset: 1, timestamp: 0, key: null, value: null, headers: [] },
    ])
  })

  it('puts keys where Java puts them, spreads records without a key, and takes a given partition', async () => {
    const keyed = ['hello', 'kafka', 'streams', 'lead', 'to'].map((key) => ({ key, value: '' }))
    await kafka.produce('wide', keyed)
    const again = await kafka.read('wide')
    await kafka.produce('wide', keyed)
    expect(new Set((await kafka.read('wide')).map(({ key, partition }) => `${key}@${partition}`)).size).toBe(
      again.length,
    )

    await kafka.createTopic('spread', 4)
    await kafka.produce(
      'spread',
      Array.from({ length: 8 }, () => ({ value: 'x' })),
    )
    expect((await kafka.read('spread')).map(({ partition }) => partition)).toEqual([0, 0, 1, 1, 2, 2, 3, 3])
    await kafka.produce('spread', [{ key: 'k', value: 'pinned', partition: 3 }])
    expect((await kafka.read('spread')).at(-1)).toMatchObject({ partition: 3, value: 'pinned' })
  })

  it('takes serdes for keys and values', async () => {
    const as = { key: serdes.long(), value: serdes.json<{ n: number }>() }
    await kafka.produce('lines', [{ key: 1, value: { n: 2 } }], as)
    expect(await take(kafka.subscribe('lines', as), 1)).toMatchObject([{ key: 1, value: { n: 2 } }])
  })

  it('says of which topic it was given what its serde does not write', async () => {
    await expect(kafka.produce('lines', [{ value: { n: 2 } as never }])).rejects.toMatchObject({
      code: 'SERIALIZATION_FAILED',
      message:
        'the value of a record for topic "lines" can\'t be written with its serde: a string is needed, got object. Pass what the ' +
        "serde writes, or another serde, as in produce('lines', records, { value: serdes.… })",
      location: { topic: 'lines' },
      cause: new TypeError('a string is needed, got object'),
    })
    await expect(kafka.produce('lines', [{ key: 1 as never, value: 'x' }])).rejects.toThrow('{ key: serdes.… }')
    expect(await kafka.read('lines')).toEqual([])
  })

  it('writes calls of one moment in their order', async () => {
    await Promise.all(['a', 'b', 'c'].map((value) => kafka.produce('lines', [{ value }])))
    expect((await kafka.read('lines')).map(({ value }) => value)).toEqual(['a', 'b', 'c'])
  })

  it('shows a subscriber what is there and what comes', async () => {
    await kafka.produce('lines', [{ value: 'before' }])
    const subscription = kafka.subscribe('lines')
    const latest = kafka.subscribe('lines', { from: 'latest' })
    expect((await subscription.next()).value).toMatchObject({ value: 'before' })
    const next = subscription.next()
    await kafka.produce('lines', [{ value: 'after' }])
    expect((await next).value).toMatchObject({ value: 'after', offset: 1 })
    expect((await latest.next()).value).toMatchObject({ value: 'after' })
  })

  it('hides records of open transactions from a subscriber unless told otherwise', async () => {
    const producer = kafka.client().producer({ transactionalId: 't' })
    await producer.init()
    await producer.loadTopics(['lines'])
    producer.begin()
    producer.append('lines', 0, null, Buffer.from('open'), 0, [])
    await producer.flush()
    const all = kafka.subscribe('lines', { isolation: 'read_uncommitted' })
    expect((await all.next()).value).toMatchObject({ value: 'open' })
    expect(await kafka.read('lines')).toEqual([])
  })

  it('ends a subscription by its signal, by leaving the loop and by close', async () => {
    const aborting = new AbortController()
    const aborted = kafka.subscribe('lines', { signal: aborting.signal }).next()
    aborting.abort()
    expect(await aborted).toEqual({ done: true, value: undefined })
    expect(await kafka.subscribe('lines', { signal: aborting.signal }).next()).toMatchObject({ done: true })

    await kafka.produce('lines', [{ value: '1' }, { value: '2' }])
    const left = kafka.subscribe('lines')
    expect(await take(left, 1)).toHaveLength(1)
    expect(await left.next()).toMatchObject({ done: true })

    const waiting = kafka.subscribe('wide').next()
    await kafka.close()
    expect(await waiting).toEqual({ done: true, value: undefined })
  })

  it('leaves nothing behind that keeps the process alive', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
    const before = timers()
    const client = kafka.client()
    const listener = {
      subscription: () => ({ topics: ['lines'], userData: Buffer.alloc(0) }),
      assign: async () => new Map(),
      beforeRejoin: async () => {},
      assigned: async () => 'stable' as const,
      lost: async () => {},
      failed: () => {},
    }
    const timeouts = { sessionTimeoutMs: 10_000, heartbeatIntervalMs: 3_000, rebalanceTimeoutMs: 60_000 }
    await client.group({ groupId: 'g', protocol: 'p', ...timeouts }, listener).join()
    const producer = client.producer({ transactionalId: 't', lingerMs: 60_000 })
    await producer.init()
    await producer.loadTopics(['lines'])
    producer.begin()
    producer.append('lines', 0, null, Buffer.from('x'), 0, [])
    await producer.flush()
    producer.append('lines', 0, null, Buffer.from('y'), 0, [])
    const fetcher = client.fetcher({ isolation: 'read_committed' })
    fetcher.assign('lines', 0, 0)
    const polled = fetcher.poll(60_000)
    expect(timers()).toBeGreaterThan(before)
    await kafka.close()
    await polled
    expect(timers()).toBe(before)
  })

  it('refuses everything after close', async () => {
    const client = kafka.client()
    const admin = client.admin()
    await kafka.close()
    expect(() => kafka.client()).toThrow('closed')
    expect(() => client.producer({})).toThrow('closed')
    await expect(admin.listTopics()).rejects.toThrow('closed')
    await expect(kafka.produce('lines', [{ value: 'x' }])).rejects.toThrow('closed')
    await expect(kafka.read('lines')).rejects.toThrow('closed')
  })
})
