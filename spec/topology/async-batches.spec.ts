import { serdes, type StreamsBuilder, type StreamsError } from '../../lib'
import type { AsyncBatching, AsyncOptions } from '../../lib'
import { type Driven, drive, text } from './drive'
import { driveRestarting } from './restarting'

type Options = Partial<AsyncOptions<string, string>> & Partial<AsyncBatching>

describe('batches of async operators in the test driver', () => {
  /** The values of each call. */
  let calls: string[][]
  beforeEach(() => (calls = []))

  /** Upper-cases values; fails those that start with `bad`. */
  const upperCase =
    (options: Options = {}) =>
    (builder: StreamsBuilder): void =>
      builder
        .stream('in', text)
        .mapValuesAsync(
          async (records) => {
            calls.push(records.map(({ value }) => value))
            return records.map(({ value }) => (value.startsWith('bad') ? new Error(value) : value.toUpperCase()))
          },
          { name: 'ask', batch: { size: 3 }, value: serdes.string(), ...options },
        )
        .to('out')

  /** Values under keys of their own, or `key=value`. */
  const pipe = async ({ input }: Driven, ...pairs: string[]): Promise<void> => {
    for (const pair of pairs) {
      const [key = '', value = key] = pair.split('=')
      await input.pipe(key, value, 0)
    }
  }

  it('calls with full batches, and forwards the results in order', async () => {
    const driven = drive(upperCase())
    await pipe(driven, 'a', 'b', 'c', 'd', 'e', 'f', 'g')
    expect(calls).toEqual([
      ['a', 'b', 'c'],
      ['d', 'e', 'f'],
    ])
    expect(driven.out()).toEqual(['a=A@0', 'b=B@0', 'c=C@0', 'd=D@0', 'e=E@0', 'f=F@0'])
  })

  it('calls with fewer when linger is over by the wall clock', async () => {
    const driven = drive(upperCase({ batch: { size: 3, linger: '20ms' } }))
    await pipe(driven, 'a', 'b')
    await driven.driver.advanceWallClockTime('19ms')
    expect(calls).toEqual([])
    await driven.driver.advanceWallClockTime('1ms')
    expect(calls).toEqual([['a', 'b']])
    expect(driven.out()).toEqual(['a=A@0', 'b=B@0'])
  })

  it('linger counts from the first record of a batch, and not from one that was full', async () => {
    const driven = drive(upperCase({ batch: { size: 3, linger: '20ms' } }))
    await pipe(driven, 'a')
    await driven.driver.advanceWallClockTime('15ms')
    await pipe(driven, 'b', 'c', 'd')
    await driven.driver.advanceWallClockTime('15ms')
    expect(calls).toEqual([['a', 'b', 'c']])
    await driven.driver.advanceWallClockTime('5ms')
    expect(calls).toEqual([['a', 'b', 'c'], ['d']])
  })

  it('linger 0 does not wait', async () => {
    await pipe(drive(upperCase({ batch: { size: 3, linger: 0 } })), 'a', 'b')
    expect(calls).toEqual([['a'], ['b']])
  })

  it('a batch has one record of a key at most by default, and the next one follows its result', async () => {
    const driven = drive(upperCase())
    await pipe(driven, 'k=1', 'k=2', 'l=3', 'm=4', 'k=5')
    expect(calls).toEqual([['1', '3', '4']])
    await driven.driver.advanceWallClockTime('1s')
    expect(calls).toEqual([['1', '3', '4'], ['2'], ['5']])
    expect(driven.out()).toEqual(['k=1@0', 'l=3@0', 'm=4@0', 'k=2@0', 'k=5@0'])
  })

  it.each(['input', 'none'] as const)('with order %s a batch has records as they come', async (order) => {
    const driven = drive(upperCase({ order }))
    await pipe(driven, 'k=1', 'k=2', 'k=3')
    expect(calls).toEqual([['1', '2', '3']])
    expect(driven.out()).toEqual(['k=1@0', 'k=2@0', 'k=3@0'])
  })

  it('does not wait for more while the task takes no more input', async () => {
    const driven = drive(upperCase({ maxRecords: 2, batch: { size: 3, linger: '1h' } }))
    await pipe(driven, 'a', 'b')
    expect(calls).toEqual([['a', 'b']])
    expect(driven.out()).toEqual(['a=A@0', 'b=B@0'])
  })

  it('counts the bytes of what it gathers', async () => {
    const driven = drive(upperCase({ maxBytes: 1, batch: { size: 3, linger: '1h' } }))
    await pipe(driven, 'a')
    expect(calls).toEqual([['a']])
  })

  it('a result that is an Error fails its record alone', async () => {
    const driven = drive(upperCase({ onError: 'skip' }))
    await pipe(driven, 'a', 'bad', 'c')
    expect(driven.out()).toEqual(['a=A@0', 'c=C@0'])
    expect(driven.driver.recordCounts().operators).toMatchObject([{ operator: 'ask', droppedBy: { error: 1 } }])
  })

  it('such a record can go to a dead letter topic', async () => {
    const driven = drive(upperCase({ onError: { deadLetter: 'dead' } }))
    await pipe(driven, 'a', 'bad', 'c')
    expect(driven.out()).toEqual(['a=A@0', 'c=C@0'])
    expect(driven.driver.outputTopic('dead', text).readKeyValues()).toEqual([['bad', 'bad']])
  })

  it('fails at the record whose result is an Error, with that as the cause', async () => {
    const failure = await pipe(drive(upperCase()), 'a', 'bad', 'c').catch((error: StreamsError) => error)
    expect(failure).toMatchObject({
      code: 'CALL_FAILED',
      location: { operator: 'ask', topic: 'in', partition: 0, offset: 1 },
      cause: new Error('bad'),
    })
  })

  it('repeats the call with the records that have failed, and forwards the results of the others', async () => {
    const attempts: [string[], number][] = []
    const driven = drive((builder) =>
      builder
        .stream('in', text)
        .mapValuesAsync(
          async (records, { attempt }) => {
            attempts.push([records.map(({ value }) => value), attempt])
            return records.map(({ value }, i) => (i < 2 && attempt < 3 ? new Error('busy') : `${value}!`))
          },
          {
            batch: { size: 3 },
            order: 'none',
            value: serdes.string(),
            retry: { attempts: 3, backoff: '1h', maxBackoff: '1h' },
          },
        )
        .to('out'),
    )
    await pipe(driven, 'a', 'b', 'c')
    expect(attempts).toEqual([
      [['a', 'b', 'c'], 1],
      [['a', 'b'], 2],
      [['a', 'b'], 3],
    ])
    expect(driven.out().sort()).toEqual(['a=a!@0', 'b=b!@0', 'c=c!@0'])
  })

  it('asks retry.on about each record that has failed', async () => {
    const asked: string[] = []
    const driven = drive(
      upperCase({
        onError: 'skip',
        retry: {
          attempts: 3,
          on: (error, attempt) => {
            asked.push(`${(error as Error).message} ${attempt}`)
            return (error as Error).message === 'bad luck'
          },
        },
      }),
    )
    await pipe(driven, 'a', 'bad luck', 'bad key')
    expect(calls).toEqual([['a', 'bad luck', 'bad key'], ['bad luck'], ['bad luck']])
    expect(asked).toEqual(['bad luck 1', 'bad key 1', 'bad luck 2'])
    expect(driven.out()).toEqual(['a=A@0'])
  })

  it.each(['key', 'input', 'none'] as const)(
    'a retry.on that throws fails each record once, with order %s',
    async (order) => {
      const options: Options = {
        order,
        onError: 'skip',
        retry: {
          attempts: 2,
          on: (error) => {
            if ((error as Error).message === 'bad luck') throw new Error('on')
            return false
          },
        },
      }
      const driven = drive(upperCase(options))
      await pipe(driven, 'bad key', 'bad luck', 'c', 'd', 'e', 'f')
      expect(driven.out().sort()).toEqual(['c=C@0', 'd=D@0', 'e=E@0', 'f=F@0'])
      expect(driven.driver.recordCounts().operators).toMatchObject([{ operator: 'ask', droppedBy: { error: 2 } }])
    },
  )

  it('a call that rejects fails all of its records, after its retries', async () => {
    let attempts = 0
    const driven = drive((builder) =>
      builder.stream('in', text).filterAsync(
        async () => {
          attempts++
          throw new Error('down')
        },
        { name: 'check', batch: { size: 2 }, retry: { attempts: 3 }, onError: 'skip' },
      ),
    )
    await pipe(driven, 'a', 'b')
    expect(attempts).toBe(3)
    expect(driven.driver.recordCounts().operators).toMatchObject([{ operator: 'check', droppedBy: { error: 2 } }])
  })

  it.each([
    [['x'], 'returned 1 results for a batch of 2 records'],
    [undefined, 'returned no array, but undefined for a batch of 2 records'],
  ])('is an error if the function returns %j, which is not repeated', async (results, message) => {
    let attempts = 0
    const driven = drive((builder) =>
      builder.stream('in', text).mapValuesAsync(
        async () => {
          attempts++
          return results as string[]
        },
        { name: 'ask', batch: { size: 2 }, retry: { attempts: 3 } },
      ),
    )
    const failure = await pipe(driven, 'a', 'b').catch((error: StreamsError) => error)
    expect(failure).toMatchObject({
      code: 'CALL_FAILED',
      message: expect.stringContaining(message),
      location: { operator: 'ask', offset: 0 },
    })
    expect(attempts).toBe(1)
  })

  it('a call that takes too long says how many records it was for', async () => {
    const driven = drive((builder) =>
      builder
        .stream('in', text)
        .foreachAsync(() => new Promise(() => {}), { name: 'stuck', timeout: 5, batch: { size: 2 } }),
    )
    await expect(pipe(driven, 'a', 'b')).rejects.toMatchObject({
      code: 'CALL_TIMED_OUT',
      message: expect.stringMatching(/for a batch of 2, the first from offset 0 of in-0, took longer than 5 ms/),
    })
  })

  it('foreachAsync needs no results, and may return errors', async () => {
    const driven = drive((builder) => {
      const stream = builder.stream('in', text)
      stream.foreachAsync(async (records) => void calls.push(records.map(({ key }) => key)), { batch: { size: 2 } })
      stream.foreachAsync(async (records) => records.map(({ key }) => (key === 'b' ? new Error('no') : undefined)), {
        name: 'send',
        batch: { size: 2 },
        onError: 'skip',
      })
    })
    await pipe(driven, 'a', 'b')
    expect(calls).toEqual([['a', 'b']])
    expect(driven.driver.recordCounts().operators).toMatchObject([{ operator: 'send', droppedBy: { error: 1 } }])
  })

  it('mapAsync, flatMapValuesAsync and filterAsync take a result for each record', async () => {
    const driven = drive((builder) => {
      const stream = builder.stream('in', text)
      const batch = { size: 2 }
      stream
        .mapAsync(async (records) => records.map(({ key, value }) => [value, key] as const), { batch, ...text })
        .to('swapped')
      stream
        .flatMapValuesAsync(async (records) => records.map(({ value }) => [...value]), {
          batch,
          value: serdes.string(),
        })
        .to('letters')
      stream.filterAsync(async (records) => records.map(({ key }) => key === 'b'), { batch }).to('kept')
    })
    await pipe(driven, 'a=xy', 'b=z')
    expect(driven.out('swapped')).toEqual(['xy=a@0', 'z=b@0'])
    expect(driven.out('letters')).toEqual(['a=x@0', 'a=y@0', 'b=z@0'])
    expect(driven.out('kept')).toEqual(['b=z@0'])
  })

  it('the function gets where each record comes from, and a signal', async () => {
    const seen: unknown[] = []
    const driven = drive((builder) =>
      builder.stream('in', text).foreachAsync(
        async (records, { signal, attempt }) => {
          seen.push(...records, signal.aborted, attempt)
        },
        { batch: { size: 1 } },
      ),
    )
    await driven.input.pipe('k', 'v', 7)
    expect(seen).toEqual([
      { key: 'k', value: 'v', timestamp: 7, headers: [], topic: 'in', partition: 0, offset: 0 },
      false,
      1,
    ])
  })

  it('a tombstone of a stream without null does not reach the function', async () => {
    const driven = drive(upperCase())
    await expect(driven.input.pipe('a', null, 0)).rejects.toMatchObject({
      code: 'UNEXPECTED_TOMBSTONE',
      location: { operator: 'ask', topic: 'in', partition: 0, offset: 0 },
    })
    expect(calls).toEqual([])
  })

  it('what waits for more when the application stops is called for by the next one', async () => {
    const record = (key: string) => ({ key, value: key, timestamp: 0 })
    const outputs = await driveRestarting(upperCase(), [[record('a'), record('b')], [record('c')]])
    expect(outputs).toEqual([[], ['a=A@0', 'b=B@0', 'c=C@0']])
    expect(calls).toEqual([['a', 'b', 'c']])
  })
})
