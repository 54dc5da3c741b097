import { EmbeddedKafka } from '../../../../lib/kafka/memory'
import type { KafkaClient, Producer } from '../../../../lib/kafka/port'

describe('a transaction that is left open', () => {
  let kafka: EmbeddedKafka
  let client: KafkaClient
  let producer: Producer

  beforeEach(async () => {
    jest.useFakeTimers()
    kafka = new EmbeddedKafka({ topics: { t: 1 } })
    client = kafka.client()
    producer = client.producer({ transactionalId: 'x', transactionTimeoutMs: 5_000 })
    await producer.init()
    await producer.loadTopics(['t'])
    producer.begin()
    producer.append('t', 0, null, Buffer.from('1'), 0, [])
    await producer.flush()
  })

  afterEach(async () => {
    await kafka.close()
    jest.useRealTimers()
  })

  const stableEnd = async (): Promise<number | undefined> =>
    (await client.admin().listOffsets([{ topic: 't', partition: 0, at: 'latest' }], 'read_committed')).get('t-0')

  it('is aborted after its timeout, and its producer is fenced', async () => {
    await jest.advanceTimersByTimeAsync(4_999)
    expect(await stableEnd()).toBe(0)
    await jest.advanceTimersByTimeAsync(1)
    expect(await stableEnd()).toBe(2)
    expect(await kafka.read('t')).toEqual([])
    await expect(producer.commit()).rejects.toMatchObject({ kind: 'fenced' })
    await expect(producer.abort()).rejects.toMatchObject({ kind: 'fenced' })
    expect(() => producer.append('t', 0, null, Buffer.from('2'), 0, [])).toThrow('fenced')
  })

  it('is aborted after its timeout also where the event loop had no turn since', async () => {
    const clock = jest.spyOn(performance, 'now').mockReturnValue(performance.now() + 5_000)
    await expect(producer.commit()).rejects.toMatchObject({ kind: 'fenced' })
    clock.mockRestore()
    expect(await stableEnd()).toBe(2)
  })

  it('is aborted at once by the next producer of its transactional id', async () => {
    const next = client.producer({ transactionalId: 'x' })
    await next.init()
    expect(await stableEnd()).toBe(2)
    await expect(producer.commit()).rejects.toMatchObject({ kind: 'fenced' })
  })

  it('takes its producer back after a new init', async () => {
    await jest.advanceTimersByTimeAsync(5_000)
    await expect(producer.commit()).rejects.toMatchObject({ kind: 'fenced' })
    await producer.init()
    producer.begin()
    producer.append('t', 0, null, Buffer.from('again'), 0, [])
    await producer.commit()
    expect((await kafka.read('t')).map(({ value }) => value)).toEqual(['again'])
  })

  it('survives the deletion of its topic', async () => {
    await client.admin().deleteTopics(['t'])
    await producer.commit()
    expect(await client.admin().listTopics()).toEqual([])
  })

  it('does not time out once it has ended', async () => {
    await producer.commit()
    await jest.advanceTimersByTimeAsync(60_000)
    producer.begin()
    producer.append('t', 0, null, Buffer.from('2'), 0, [])
    await producer.commit()
    expect((await kafka.read('t')).map(({ value }) => value)).toEqual(['1', '2'])
  })
})
