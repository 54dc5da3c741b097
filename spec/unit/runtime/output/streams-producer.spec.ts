import { resolveConfig } from '../../../../lib/config/config'
import { EmbeddedKafka } from '../../../../lib/embedded'
import { SessionLease } from '../../../../lib/kafka/lease'
import { type KafkaClient, ClientError } from '../../../../lib/kafka/port'
import { silentLogger } from '../../../../lib/observe/logger'
import { NO_HEADERS } from '../../../../lib/record/headers'
import { StreamsProducer } from '../../../../lib/runtime/output/streams-producer'
import { pause } from '../../../../lib/runtime/pause'
import { until } from '../../../support/embedded-apps'

describe('the producer of an executor', () => {
  let kafka: EmbeddedKafka
  let client: KafkaClient
  let lease: SessionLease
  const made: StreamsProducer[] = []

  beforeEach(() => {
    kafka = new EmbeddedKafka({ topics: { out: 1 } })
    client = kafka.client()
    lease = new SessionLease(60_000)
    lease.renew(performance.now())
  })
  afterEach(async () => {
    await Promise.all(made.splice(0).map((producer) => producer.close()))
    await kafka.close()
  })

  const open = async (
    processingGuarantee: 'at_least_once' | 'exactly_once',
    topics = ['out'],
    deliveryTimeout = 120_000,
  ) => {
    const producer = new StreamsProducer({
      client,
      config: resolveConfig({
        applicationId: 'app',
        kafka,
        processingGuarantee,
        producer: { linger: 0, requestTimeout: 10, deliveryTimeout },
      }),
      transactionalId: 'app-1',
      lease,
      topics: () => topics,
      isInternal: (topic) => topic.startsWith('app-'),
      logger: silentLogger,
      signal: new AbortController().signal,
    })
    made.push(producer)
    await producer.open()
    await producer.ready()
    return producer
  }
  const send = (producer: StreamsProducer, value: string): void =>
    producer.current.append('out', 0, null, Buffer.from(value), 1, NO_HEADERS)
  const values = async (): Promise<(string | null)[]> => (await kafka.read('out')).map(({ value }) => value)
  const settled = async (): Promise<void> => {
    for (let i = 0; i < 10; i++) await new Promise(setImmediate)
  }

  it('sends nothing while it is frozen, and what has waited when it is thawed', async () => {
    const producer = await open('at_least_once')
    producer.freeze()
    send(producer, 'a')
    const flushed = producer.current.flush()
    await settled()
    expect(await values()).toEqual([])
    producer.thaw()
    await flushed
    expect(await values()).toEqual(['a'])
  })

  it.each<['at_least_once' | 'exactly_once', string]>([
    ['at_least_once', 'app-kept-changelog'],
    ['exactly_once', 'app-kept-changelog'],
    ['exactly_once', 'out'],
  ])('does not wait, %s, for the topic %s that has gone: rebalances wait for the commit', async (guarantee, gone) => {
    await kafka.createTopic('app-kept-changelog')
    const producer = await open(guarantee, ['out', 'app-kept-changelog', 'never-there'], 50)
    const { current } = producer
    let end = (_: ReadonlyMap<string, number>): void => {}
    current.flush = () => new Promise((resolve) => (end = resolve))
    const partitionCount = current.partitionCount.bind(current)
    const known = new Set(['out', 'app-kept-changelog'])
    current.partitionCount = (topic) => (known.has(topic) ? partitionCount(topic) : undefined)

    const slow = producer.flush()
    await pause(120)
    end(new Map([['out-0', 1]]))
    expect(await slow).toEqual(new Map([['out-0', 1]]))

    const stuck = producer.flush()
    known.delete(gone)
    await expect(stuck).rejects.toMatchObject({
      kind: 'unknownTopic',
      message: expect.stringContaining(`"${gone}"`) as string,
    })
  })

  it('stays frozen where the lease is renewed, and waits for the lease where it is thawed', async () => {
    const producer = await open('at_least_once')
    producer.freeze()
    send(producer, 'a')
    void producer.current.flush().catch(() => {})
    lease.end()
    lease.renew(performance.now())
    await settled()
    expect(await values()).toEqual([])
    lease.end()
    producer.thaw()
    await settled()
    expect(await values()).toEqual([])
    lease.renew(performance.now())
    await until(async () => (await values()).length === 1)
  })

  it('discards what it has not sent, and works at once', async () => {
    const producer = await open('at_least_once')
    const before = producer.current
    producer.freeze()
    send(producer, 'a')
    for (let i = 0; i < 5; i++) await producer.discard()
    await producer.ready()
    expect(producer.current).not.toBe(before)
    send(producer, 'b')
    await producer.current.flush()
    expect(await values()).toEqual(['b'])
  })

  it('is renewed with a new epoch, by which the transaction before is aborted', async () => {
    const producer = await open('exactly_once')
    const before = producer.current
    send(producer, 'a')
    await before.flush()
    await producer.renew()
    await expect(before.commit()).rejects.toThrow(ClientError)
    await producer.ready()
    send(producer, 'b')
    await producer.current.commit()
    expect(await values()).toEqual(['b'])
  })

  it('of which another instance has taken the transactional id takes it back', async () => {
    const producer = await open('exactly_once')
    const other = await open('exactly_once')
    send(producer, 'a')
    await expect(producer.current.flush()).rejects.toMatchObject({ kind: 'fenced' })
    await producer.renew()
    await producer.ready()
    send(producer, 'b')
    await producer.current.commit()
    send(other, 'c')
    await expect(other.current.commit()).rejects.toMatchObject({ kind: 'fenced' })
    expect(await values()).toEqual(['b'])
  })

  it('delivers what dropped tasks have sent before others restore from it', async () => {
    const producer = await open('at_least_once')
    send(producer, 'a')
    const { current } = producer
    await producer.settle()
    expect([await values(), producer.current]).toEqual([['a'], current])
  })

  it('tells tasks that open next that what dropped tasks have sent can not be delivered', async () => {
    const producer = await open('at_least_once')
    const { current } = producer
    send(producer, 'a')
    jest.spyOn(current, 'flush').mockRejectedValue(new ClientError('retriable', 'it took too long'))
    await expect(producer.settle()).rejects.toThrow('it took too long')
    await expect(producer.ready()).rejects.toThrow('it took too long')
    await producer.renew()
    expect(producer.current).not.toBe(current)
    await producer.ready()
  })

  it('is ready although an output topic does not exist', async () => {
    const producer = await open('at_least_once', ['nowhere', 'out'])
    expect(producer.current.partitionCount('out')).toBe(1)
  })
})
