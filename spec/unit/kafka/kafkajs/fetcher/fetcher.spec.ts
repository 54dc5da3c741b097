import { brokerError } from '../../../../../lib/kafka/kafkajs/protocol/error-codes'
import { KafkaFetcher } from '../../../../../lib/kafka/kafkajs/fetcher/fetcher'
import { ClientError, type FetchedPartition, type FetcherConfig } from '../../../../../lib/kafka/port'
import { batchOf } from '../records/batches'
import { type FetchSeen, ScriptedLeaders } from '../scripted-leaders'

const NO_LEADER_ERRORS = [3, 5, 6, 9, 56, 74, 75, 78, 100] as const

let leaders: ScriptedLeaders
let fetcher: KafkaFetcher

const start = (config: Partial<FetcherConfig> = {}): void => {
  leaders = new ScriptedLeaders()
  fetcher = new KafkaFetcher(leaders.connection, { isolation: 'read_committed', ...config })
}
const lead = (leader: number, ...partitions: string[]): void => {
  for (const partition of partitions) leaders.leaders.set(partition, leader)
}
const valuesOf = (fetched: FetchedPartition): string[] => {
  const values: string[] = []
  const cursor = fetched.records()
  while (cursor.advance()) values.push(`${fetched.partition}/${cursor.offset}:${cursor.value}`)
  return values
}
const pollValues = async (): Promise<string[]> => (await fetcher.poll(5_000)).flatMap(valuesOf)
const positions = (request: {
  targets: ReadonlyArray<{ topic: string; partition: number; position: number }>
}): string[] => request.targets.map(({ topic, partition, position }) => `${topic}-${partition}@${position}`)

beforeEach(() => start())
afterEach(() => fetcher.close())

describe('requests', () => {
  it('carry all partitions of a leader, one at a time', async () => {
    lead(1, 't-0', 't-1')
    lead(2, 't-2')
    for (const partition of [0, 1, 2]) fetcher.assign('t', partition, partition * 10)
    const [first, second] = [await leaders.nextFetch(), await leaders.nextFetch()]
    expect([first.request.leader, positions(first.request)]).toEqual([1, ['t-0@0', 't-1@10']])
    expect([second.request.leader, positions(second.request)]).toEqual([2, ['t-2@20']])
    second.answer({ 't-2': { records: batchOf(['x'], { baseOffset: 20 }) } })
    expect(await pollValues()).toEqual(['2/20:x'])
    expect(positions((await leaders.nextFetch()).request)).toEqual(['t-2@21'])
    expect(leaders.pending).toEqual([])
  })

  it('go out ahead of the poll, until the share of a partition is full', async () => {
    start({ maxBytesPerPartition: 1_000 })
    lead(1, 't-0')
    fetcher.assign('t', 0, 0)
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['x'.repeat(100)]) } })
    const second = await leaders.nextFetch()
    expect(positions(second.request)).toEqual(['t-0@1'])
    second.answer({ 't-0': { records: batchOf(['x'.repeat(900)], { baseOffset: 1 }) } })
    await new Promise(setImmediate)
    expect(leaders.pending).toEqual([])
    expect(await pollValues()).toHaveLength(2)
    expect(positions((await leaders.nextFetch()).request)).toEqual(['t-0@2'])
  })

  it('are not held long by the broker while a partition with a full buffer is left out', async () => {
    start({ maxBytesPerPartition: 100, maxWaitMs: 400 })
    jest.spyOn(performance, 'now').mockReturnValue(0)
    lead(1, 't-0', 't-1')
    fetcher.assign('t', 0, 0)
    fetcher.assign('t', 1, 0)
    jest.spyOn(performance, 'now').mockReturnValue(10_000)
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['x'.repeat(100)]) }, 't-1': {} })
    const short = await leaders.nextFetch()
    expect([positions(short.request), short.request.maxWaitMs]).toEqual([['t-1@0'], 20])
    await fetcher.poll(5_000)
    short.answer({ 't-1': {} })
    const long = await leaders.nextFetch()
    expect([positions(long.request).sort(), long.request.maxWaitMs]).toEqual([['t-0@1', 't-1@0'], 400])
    jest.restoreAllMocks()
  })

  it('put partitions that have had data last, so that the others come first in a full response', async () => {
    lead(1, 't-0', 't-1', 't-2')
    for (const partition of [0, 1, 2]) fetcher.assign('t', partition, 0)
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['x']) }, 't-1': {}, 't-2': {} })
    expect(positions((await leaders.nextFetch()).request)).toEqual(['t-1@0', 't-2@0', 't-0@1'])
  })

  it('ask for more where a broker has sent the beginning of a batch only', async () => {
    start({ maxBytesPerPartition: 50 })
    lead(1, 't-0')
    fetcher.assign('t', 0, 0)
    const first = await leaders.nextFetch()
    expect(first.request.targets[0]!.maxBytes).toBe(50)
    const batch = batchOf(['large'])
    first.answer({ 't-0': { records: batch.subarray(0, 50) } })
    const second = await leaders.nextFetch()
    expect(second.request.targets[0]).toMatchObject({ position: 0, maxBytes: 100 })
    second.answer({ 't-0': { records: batch } })
    expect(await pollValues()).toEqual(['0/0:large'])
  })

  it('share a bounded number of bytes while no poll has to wait, and not where one does', async () => {
    lead(1, 't-0', 't-1', 't-2', 't-3')
    for (const partition of [0, 1, 2, 3]) fetcher.assign('t', partition, 0)
    const asked = async (records: Record<string, { records?: Buffer }>): Promise<Record<string, number>> => {
      const { request, answer } = await leaders.nextFetch()
      answer(records)
      return Object.fromEntries(request.targets.map(({ partition, maxBytes }) => [partition, maxBytes]))
    }
    const answerOf = (offset: number): Record<string, { records: Buffer }> =>
      Object.fromEntries(
        [0, 1, 2, 3].map((partition) => [`t-${partition}`, { records: batchOf(['x'], { baseOffset: offset }) }]),
      )
    const [whole, share] = [1024 * 1024, 256 * 1024]
    expect(await asked(answerOf(0))).toEqual({ 0: whole, 1: whole, 2: whole, 3: whole })
    expect(await asked(answerOf(1))).toEqual({ 0: share, 1: share, 2: share, 3: share })
    const next = await leaders.nextFetch()
    expect(next.request.targets[0]!.maxBytes).toBe(share)
    await fetcher.poll(0)
    const waiting = fetcher.poll(5_000)
    next.answer(answerOf(2))
    expect(await waiting).not.toHaveLength(0)
    expect(await asked({})).toEqual({ 0: whole, 1: whole, 2: whole, 3: whole })
  })

  it('no longer ask for a share of a partition whose batches are larger than one', async () => {
    lead(1, 't-0', 't-1', 't-2', 't-3')
    for (const partition of [0, 1, 2, 3]) fetcher.assign('t', partition, 0)
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['x']) } })
    const share = await leaders.nextFetch()
    const sizeOf = ({ targets }: typeof share.request): number | undefined =>
      targets.find(({ partition }) => partition === 0)?.maxBytes
    expect(sizeOf(share.request)).toBe(256 * 1024)
    const large = batchOf(['large'], { baseOffset: 1 })
    share.answer({ 't-0': { records: large.subarray(0, 50) } })
    const whole = await leaders.nextFetch()
    expect(sizeOf(whole.request)).toBe(2 * 1024 * 1024)
    whole.answer({ 't-0': { records: large } })
    expect(sizeOf((await leaders.nextFetch()).request)).toBe(1024 * 1024)
  })
})

describe('an interval between requests to a broker', () => {
  beforeEach(async () => {
    await fetcher.close()
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] })
    start({ minIntervalMs: 25, maxBytesPerPartition: 1_000 })
    lead(1, 't-0', 't-1')
    fetcher.assign('t', 0, 0)
    const settling = await leaders.nextFetch()
    jest.advanceTimersByTime(1_000)
    settling.answer({ 't-0': {} })
  })
  afterEach(() => jest.useRealTimers())

  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  it('is kept after an answer that had all there was', async () => {
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['x']), highWatermark: 1 } })
    expect(await pollValues()).toEqual(['0/0:x'])
    jest.advanceTimersByTime(24)
    await turn()
    expect(leaders.pending).toEqual([])
    jest.advanceTimersByTime(1)
    expect(positions((await leaders.nextFetch()).request)).toEqual(['t-0@1'])
  })

  it('is not kept where a broker has more', async () => {
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['x']), highWatermark: 2 } })
    expect(positions((await leaders.nextFetch()).request)).toEqual(['t-0@1'])
  })

  it('is not kept while the assignment changes', async () => {
    const { answer } = await leaders.nextFetch()
    fetcher.assign('t', 1, 0)
    jest.advanceTimersByTime(25)
    answer({ 't-0': {} })
    ;(await leaders.nextFetch()).answer({ 't-0': {}, 't-1': {} })
    expect(positions((await leaders.nextFetch()).request)).toEqual(['t-0@0', 't-1@0'])
  })

  it('is not kept while a partition with a full buffer is left out', async () => {
    const { answer } = await leaders.nextFetch()
    fetcher.assign('t', 1, 0)
    jest.advanceTimersByTime(25)
    answer({ 't-0': {} })
    const settling = await leaders.nextFetch()
    jest.advanceTimersByTime(1_000)
    settling.answer({ 't-0': { records: batchOf(['x'.repeat(900)]), highWatermark: 1 }, 't-1': {} })
    ;(await leaders.nextFetch()).answer({ 't-1': {} })
    expect(positions((await leaders.nextFetch()).request)).toEqual(['t-1@0'])
  })

  it('counts from the request: an answer that was waited for is followed by the next request at once', async () => {
    const held = await leaders.nextFetch()
    jest.advanceTimersByTime(25)
    held.answer({ 't-0': { records: batchOf(['x']), highWatermark: 1 } })
    expect(positions((await leaders.nextFetch()).request)).toEqual(['t-0@1'])
  })

  it('ends when the fetcher is closed', async () => {
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['x']), highWatermark: 1 } })
    await pollValues()
    expect(jest.getTimerCount()).toBe(1)
    await fetcher.close()
    expect(jest.getTimerCount()).toBe(0)
  })
})

describe('answers', () => {
  it('to an assignment that was replaced or taken away are dropped', async () => {
    lead(1, 't-0', 't-1')
    fetcher.assign('t', 0, 0)
    fetcher.assign('t', 1, 0)
    const stale = await leaders.nextFetch()
    fetcher.assign('t', 0, 5)
    fetcher.unassign('t', 1)
    stale.answer({ 't-0': { records: batchOf(['old']) }, 't-1': { records: batchOf(['gone']) } })
    const fresh = await leaders.nextFetch()
    expect(positions(fresh.request)).toEqual(['t-0@5'])
    fresh.answer({ 't-0': { records: batchOf(['new'], { baseOffset: 5 }) } })
    expect(await pollValues()).toEqual(['0/5:new'])
  })

  it('without records in sight still move on: the batches were empty', async () => {
    lead(1, 't-0')
    fetcher.assign('t', 0, 0)
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf([], { lastOffsetDelta: 9 }) } })
    const [fetched] = await fetcher.poll(5_000)
    expect(fetched).toMatchObject({ nextOffset: 10, endOffset: 100 })
    expect(valuesOf(fetched!)).toEqual([])
    expect(positions((await leaders.nextFetch()).request)).toEqual(['t-0@10'])
  })

  it('with a cut-off batch at the end go on with that one', async () => {
    lead(1, 't-0')
    fetcher.assign('t', 0, 0)
    const records = Buffer.concat([batchOf(['a', 'b']), batchOf(['c'], { baseOffset: 2 }).subarray(0, 30)])
    ;(await leaders.nextFetch()).answer({ 't-0': { records } })
    expect(await pollValues()).toEqual(['0/0:a', '0/1:b'])
    expect(positions((await leaders.nextFetch()).request)).toEqual(['t-0@2'])
  })
})

describe('the memory of an answer', () => {
  const answered = async (parts: Parameters<Awaited<ReturnType<ScriptedLeaders['nextFetch']>>['answer']>[0]) => {
    const released = jest.spyOn(leaders.memory, 'release')
    ;(await leaders.nextFetch()).answer(parts)
    await new Promise(setImmediate)
    return released
  }

  it('is used again when all that it has brought is released', async () => {
    lead(1, 't-0', 't-1')
    fetcher.assign('t', 0, 0)
    fetcher.assign('t', 1, 0)
    const released = await answered({ 't-0': { records: batchOf(['a']) }, 't-1': { records: batchOf(['b']) } })
    const [first, second] = await fetcher.poll(5_000)
    first!.release!()
    first!.release!()
    expect(released).not.toHaveBeenCalled()
    second!.release!()
    expect(released).toHaveBeenCalledTimes(1)
  })

  it('is used again at once where it has brought nothing', async () => {
    lead(1, 't-0')
    fetcher.assign('t', 0, 0)
    expect(await answered({ 't-0': {} })).toHaveBeenCalledTimes(1)
  })

  it('does not wait for a small part of a paused partition, which is copied', async () => {
    lead(1, 't-0', 't-1')
    fetcher.assign('t', 0, 0)
    fetcher.assign('t', 1, 0)
    fetcher.pause('t', 1)
    const large = batchOf(['x'.repeat(2_000)])
    const released = await answered({ 't-0': { records: large }, 't-1': { records: batchOf(['b']) } })
    for (const fetched of await fetcher.poll(5_000)) fetched.release!()
    expect(released).toHaveBeenCalledTimes(1)
    fetcher.resume('t', 1)
    expect(await pollValues()).toEqual(['1/0:b'])
  })
})

describe('a log that was truncated', () => {
  const epochs = (request: FetchSeen): number[][] =>
    request.targets.map(({ leaderEpoch, lastFetchedEpoch }) => [leaderEpoch, lastFetchedEpoch])

  it('is noticed by the leader, which is told what was read last', async () => {
    lead(1, 't-0')
    leaders.epochs.set('t-0', 4)
    fetcher.assign('t', 0, 5, 3)
    const first = await leaders.nextFetch()
    expect(epochs(first.request)).toEqual([[4, 3]])
    first.answer({ 't-0': { records: batchOf(['x'], { baseOffset: 5, leaderEpoch: 4 }) } })
    expect(epochs((await leaders.nextFetch()).request)).toEqual([[4, 4]])
  })

  it('is not looked for before anything is known of it', async () => {
    lead(1, 't-0')
    leaders.epochs.set('t-0', 4)
    fetcher.assign('t', 0, 5)
    expect(epochs((await leaders.nextFetch()).request)).toEqual([[-1, -1]])
  })

  it('is reported with where it differs from what was read, and waits to be assigned again', async () => {
    lead(1, 't-0')
    leaders.epochs.set('t-0', 4)
    fetcher.assign('t', 0, 5, 3)
    ;(await leaders.nextFetch()).answer({ 't-0': { divergesAt: 2 } })
    const [fetched] = await fetcher.poll(5_000)
    expect(fetched).toMatchObject({
      error: { kind: 'offsetOutOfRange', code: 'LOG_TRUNCATED' },
      truncatedTo: 2,
      nextOffset: 5,
    })
    await new Promise(setImmediate)
    expect(leaders.pending).toEqual([])
    fetcher.assign('t', 0, 2)
    expect(positions((await leaders.nextFetch()).request)).toEqual(['t-0@2'])
  })

  it.each([5, 9])(
    'is read on where it was, if it differs from offset %i on only: none of its records is passed',
    async (divergesAt) => {
      lead(1, 't-0')
      leaders.epochs.set('t-0', 4)
      fetcher.assign('t', 0, 5, 3)
      ;(await leaders.nextFetch()).answer({ 't-0': { divergesAt } })
      const { request, answer } = await leaders.nextFetch()
      expect([positions(request), epochs(request)]).toEqual([['t-0@5'], [[-1, -1]]])
      answer({ 't-0': { records: batchOf(['x'], { baseOffset: 5 }) } })
      expect(await pollValues()).toEqual(['0/5:x'])
    },
  )
})

describe('a log of the same leader that differs', () => {
  it('is that of a topic that was created again: none of its records may be passed', async () => {
    lead(1, 't-0')
    leaders.epochs.set('t-0', 3)
    fetcher.assign('t', 0, 5, 3)
    ;(await leaders.nextFetch()).answer({ 't-0': { divergesAt: 2 } })
    const [fetched] = await fetcher.poll(5_000)
    expect(fetched).toMatchObject({ error: { kind: 'offsetOutOfRange', code: 'OFFSET_OUT_OF_RANGE' }, nextOffset: 5 })
    expect(fetched!.truncatedTo).toBeUndefined()
  })
})

describe('a leader that has moved', () => {
  it.each(NO_LEADER_ERRORS.map((code) => [brokerError(code).name, code] as const))(
    'is looked up after %s, and the partition goes on where it was',
    async (_, errorCode) => {
      lead(1, 't-0', 't-1')
      fetcher.assign('t', 0, 3)
      fetcher.assign('t', 1, 0)
      leaders.refresh = () => lead(2, 't-0')
      ;(await leaders.nextFetch()).answer({ 't-0': { errorCode }, 't-1': { records: batchOf(['fine']) } })
      expect(await pollValues()).toEqual(['1/0:fine'])
      const requests = [await leaders.nextFetch(), await leaders.nextFetch()]
      const moved = requests.find(({ request }) => request.leader === 2)!
      expect(positions(moved.request)).toEqual(['t-0@3'])
      moved.answer({ 't-0': { records: batchOf(['after'], { baseOffset: 3 }) } })
      expect(await pollValues()).toEqual(['0/3:after'])
    },
  )

  it('is looked up again and again, and logged no more than once', async () => {
    lead(1, 't-0')
    fetcher.assign('t', 0, 0)
    for (let i = 0; i < 5; i++) (await leaders.nextFetch()).answer({ 't-0': { errorCode: 6 } })
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['at last']) } })
    expect(await pollValues()).toEqual(['0/0:at last'])
    expect(leaders.refreshes).toBe(5)
    expect(leaders.logged).toHaveLength(1)
  })

  it.each([6, 74, 75])('is not worth a warning where the next leader answers: %i', async (errorCode) => {
    lead(1, 't-0')
    fetcher.assign('t', 0, 0)
    for (let i = 0; i < 2; i++) (await leaders.nextFetch()).answer({ 't-0': { errorCode } })
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['soon']) } })
    expect(await pollValues()).toEqual(['0/0:soon'])
    expect(leaders.logged).toEqual([])
  })

  it('is looked up when the connection is lost', async () => {
    lead(1, 't-0')
    fetcher.assign('t', 0, 0)
    leaders.refresh = () => lead(2, 't-0')
    ;(await leaders.nextFetch()).fail(new ClientError('retriable', 'cut', 'ECONNRESET'))
    expect((await leaders.nextFetch()).request.leader).toBe(2)
  })

  it('may be unknown for a while', async () => {
    fetcher.assign('t', 0, 0)
    leaders.topics.set('t', { errorCode: 0, partitions: [{}] })
    leaders.refresh = () => {
      if (leaders.refreshes === 8) lead(1, 't-0')
    }
    expect(positions((await leaders.nextFetch()).request)).toEqual(['t-0@0'])
    expect(leaders.refreshes).toBe(8)
    expect(leaders.logged).toEqual(['a partition has no leader; waiting for one'])
  })
})

describe('a partition that was unknown to its broker for a moment', () => {
  const UNKNOWN_TOPIC_OR_PARTITION = 3

  const vanish = async (epochAfter: number): Promise<void> => {
    lead(1, 't-0')
    leaders.epochs.set('t-0', 2)
    fetcher.assign('t', 0, 0)
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['before']) } })
    expect(await pollValues()).toEqual(['0/0:before'])
    leaders.refresh = () => void leaders.epochs.set('t-0', epochAfter)
    ;(await leaders.nextFetch()).answer({ 't-0': { errorCode: UNKNOWN_TOPIC_OR_PARTITION } })
  }

  it.each([0, 2])(
    'was created again where the epoch of its leader is not higher: the caller is told',
    async (epoch) => {
      await vanish(epoch)
      const [fetched] = await fetcher.poll(5_000)
      expect(fetched).toMatchObject({
        nextOffset: 1,
        error: { kind: 'unknownTopic', code: 'UNKNOWN_TOPIC_ID', partition: { topic: 't', partition: 0 } },
      })
    },
  )

  it('is the same where its leader has changed', async () => {
    await vanish(3)
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['after'], { baseOffset: 1 }) } })
    expect(await pollValues()).toEqual(['0/1:after'])
  })
})

describe('errors for the caller', () => {
  it.each([
    [1, 'offsetOutOfRange', 'OFFSET_OUT_OF_RANGE'],
    [2, 'invalid', 'CORRUPT_MESSAGE'],
    [29, 'authorization', 'TOPIC_AUTHORIZATION_FAILED'],
    [-1, 'fatal', 'UNKNOWN_SERVER_ERROR'],
  ] as const)('%d comes out of poll as %s, and the partition waits for a new assign', async (errorCode, kind, code) => {
    lead(1, 't-0', 't-1')
    fetcher.assign('t', 0, 7)
    fetcher.assign('t', 1, 0)
    ;(await leaders.nextFetch()).answer({ 't-0': { errorCode }, 't-1': { records: batchOf(['fine']) } })
    const fetched = await fetcher.poll(5_000)
    const place = { topic: 't', partition: 0 }
    expect(fetched[0]).toMatchObject({ ...place, nextOffset: 7, error: { kind, code, partition: place } })
    expect(valuesOf(fetched[1]!)).toEqual(['1/0:fine'])
    const next = await leaders.nextFetch()
    expect(positions(next.request)).toEqual(['t-1@1'])
    fetcher.assign('t', 0, 8)
    next.answer({ 't-1': {} })
    expect(positions((await leaders.nextFetch()).request).sort()).toEqual(['t-0@8', 't-1@1'])
  })

  it('also where the request as a whole was refused', async () => {
    lead(1, 't-0', 't-1')
    fetcher.assign('t', 0, 0)
    fetcher.assign('t', 1, 0)
    ;(await leaders.nextFetch()).fail(new ClientError('authorization', 'wrong password', 'SASL_AUTHENTICATION_FAILED'))
    const fetched = await fetcher.poll(5_000)
    expect(fetched.map(({ partition, error }) => [partition, error?.kind, error?.partition?.partition])).toEqual([
      [0, 'authorization', 0],
      [1, 'authorization', 1],
    ])
  })

  it('tell of a topic that does not exist once, and it is read when it does', async () => {
    fetcher.assign('t', 0, 0)
    leaders.refresh = () => {
      if (leaders.refreshes === 9) lead(1, 't-0')
      else leaders.topics.set('t', { errorCode: 3, partitions: [] })
    }
    const [fetched] = await fetcher.poll(5_000)
    expect(fetched!.error).toMatchObject({ kind: 'unknownTopic', partition: { topic: 't', partition: 0 } })
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['created']) } })
    expect(await pollValues()).toEqual(['0/0:created'])
  })
})

describe('polling', () => {
  it('by two at a time gives each record to one of them', async () => {
    lead(1, 't-0')
    fetcher.assign('t', 0, 0)
    const polls = Promise.all([fetcher.poll(200), fetcher.poll(200)])
    ;(await leaders.nextFetch()).answer({ 't-0': { records: batchOf(['x']) } })
    expect((await polls).flat().flatMap(valuesOf)).toEqual(['0/0:x'])
  })

  it('of a closed fetcher is refused', async () => {
    await fetcher.close()
    await expect(fetcher.poll(0)).rejects.toMatchObject({ code: 'CLIENT_CLOSED' })
    expect(() => fetcher.assign('t', 0, 0)).toThrow('closed')
  })
})
