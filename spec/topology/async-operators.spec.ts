import { type KStream, type Processor, serdes, StreamRecord, StreamsBuilder, type StreamsError } from '../../lib'
import { TopologyTestDriver } from '../../lib/testing'

const text = { key: serdes.string(), value: serdes.string() }

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

const refuse = (): never => {
  throw new Error('refused')
}

const driverOf = (build: (builder: StreamsBuilder) => void, config = {}): TopologyTestDriver => {
  const builder = new StreamsBuilder()
  build(builder)
  return new TopologyTestDriver(builder.build(), { logger: quiet, ...config })
}

describe('async operators in the test driver', () => {
  let driver: TopologyTestDriver
  afterEach(() => driver.close())

  const pipe = async (...pairs: [string | null, string | null][]): Promise<[string | null, string | null][]> => {
    await driver.inputTopic('in', text).pipeKeyValues(pairs)
    return driver.outputTopic('out', text).readKeyValues()
  }

  it('mapValuesAsync forwards what the promise resolves with, under the same key', async () => {
    driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .mapValuesAsync(async (value) => value.toUpperCase(), { value: serdes.string() })
        .to('out'),
    )
    expect(await pipe(['a', 'x'], ['b', 'y'])).toEqual([
      ['a', 'X'],
      ['b', 'Y'],
    ])
  })

  it('mapAsync forwards a new key and value', async () => {
    driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .mapAsync(async (value, key) => [value, key], text)
        .to('out'),
    )
    expect(await pipe(['a', 'x'])).toEqual([['x', 'a']])
  })

  it('flatMapValuesAsync forwards each value', async () => {
    driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .flatMapValuesAsync(async (value) => value.split(' '), { value: serdes.string() })
        .to('out'),
    )
    expect(await pipe(['a', 'x y'], ['b', 'z'])).toEqual([
      ['a', 'x'],
      ['a', 'y'],
      ['b', 'z'],
    ])
  })

  it('filterAsync keeps the records for which the promise resolves with true', async () => {
    driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .filterAsync(async (value) => value === 'x')
        .to('out'),
    )
    expect(await pipe(['a', 'x'], ['a', 'y'])).toEqual([['a', 'x']])
  })

  it('foreachAsync awaits its action for each record', async () => {
    const seen: string[] = []
    driver = driverOf((builder) =>
      builder.stream('in', text).foreachAsync(async (value, key) => {
        await Promise.resolve()
        seen.push(`${key}=${value}`)
      }),
    )
    await driver.inputTopic('in', text).pipeKeyValues([
      ['a', 'x'],
      ['b', 'y'],
    ])
    expect(seen).toEqual(['a=x', 'b=y'])
  })

  it('a callback may return its result without a promise', async () => {
    driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .mapValuesAsync((value) => `${value}!`, { value: serdes.string() })
        .to('out'),
    )
    expect(await pipe(['a', 'x'])).toEqual([['a', 'x!']])
  })

  it('the callback gets where the record comes from, a signal, and the number of the attempt', async () => {
    const seen: object[] = []
    driver = driverOf((builder) =>
      builder.stream('in', text).foreachAsync(async (_value, _key, { signal, ...meta }) => {
        seen.push({ ...meta, aborted: signal.aborted })
      }),
    )
    await driver.inputTopic('in', text).pipe('a', 'x', { timestamp: 7, headers: [['source', Buffer.from('web')]] })
    expect(seen).toEqual([
      {
        topic: 'in',
        partition: 0,
        offset: 0,
        timestamp: 7,
        headers: [['source', Buffer.from('web')]],
        attempt: 1,
        aborted: false,
      },
    ])
  })

  it('results keep the timestamp and headers of their records', async () => {
    driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .mapValuesAsync(async (value) => value, { value: serdes.string() })
        .to('out'),
    )
    const headers: [string, Buffer][] = [['source', Buffer.from('web')]]
    await driver.inputTopic('in', text).pipe('a', 'x', { timestamp: 7, headers })
    expect(driver.outputTopic('out', text).readRecord()).toEqual({ key: 'a', value: 'x', timestamp: 7, headers })
  })

  it('repeats a failed call as often as it may, without waiting for the backoff', async () => {
    const attempts: number[] = []
    driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .mapValuesAsync(
          async (value, _key, { attempt }) => {
            attempts.push(attempt)
            if (attempt < 3) throw new Error('busy')
            return value
          },
          { value: serdes.string(), retry: { attempts: 3, backoff: '1h', maxBackoff: '1h' } },
        )
        .to('out'),
    )
    expect(await pipe(['a', 'x'])).toEqual([['a', 'x']])
    expect(attempts).toEqual([1, 2, 3])
  })

  it('does not repeat a call after an error that retry.on refuses', async () => {
    const seen: unknown[] = []
    driver = driverOf((builder) =>
      builder.stream('in', text).foreachAsync(
        async (value) => {
          throw new Error(value)
        },
        {
          onError: 'skip',
          retry: {
            attempts: 5,
            on: (error, attempt) => {
              seen.push([(error as Error).message, attempt])
              return attempt < 2
            },
          },
        },
      ),
    )
    await driver.inputTopic('in', text).pipe('a', 'x')
    expect(seen).toEqual([
      ['x', 1],
      ['x', 2],
    ])
  })

  it('a call that has failed for good names operator, record, attempts and cause', async () => {
    driver = driverOf((builder) =>
      builder.stream('in', text).foreachAsync(
        async () => {
          throw new Error('no such user')
        },
        { name: 'notify', retry: { attempts: 2 } },
      ),
    )
    const failure = await pipe(['a', 'x']).catch((error: StreamsError) => error)
    expect(failure).toMatchObject({
      code: 'CALL_FAILED',
      message: expect.stringMatching(
        /"notify" of task 0_0 failed 2 times, the last time at offset 0 of in-0: no such user/,
      ),
      location: { operator: 'notify', taskId: '0_0', topic: 'in', partition: 0, offset: 0 },
      cause: new Error('no such user'),
    })
  })

  it('a call that takes too long fails, and its signal fires with the same error', async () => {
    let signalled: unknown
    driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .foreachAsync(
          (_value, _key, { signal }) =>
            new Promise(() => signal.addEventListener('abort', () => (signalled = signal.reason))),
          { name: 'stuck', timeout: 5 },
        ),
    )
    const failure = await pipe(['a', 'x']).catch((error: StreamsError) => error)
    expect(failure).toMatchObject({ code: 'CALL_TIMED_OUT', location: { operator: 'stuck', offset: 0 } })
    expect(signalled).toBe(failure)
  })

  it('onError skip drops the record and counts it', async () => {
    driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .filterAsync(
          async (value) => {
            if (value === 'bad') throw new Error('bad')
            return true
          },
          { name: 'check', onError: 'skip' },
        )
        .to('out'),
    )
    expect(await pipe(['a', 'bad'], ['a', 'good'])).toEqual([['a', 'good']])
    expect(driver.recordCounts().operators).toMatchObject([{ operator: 'check', droppedBy: { error: 1 } }])
  })

  it('onError deadLetter sends the source record with the error', async () => {
    driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .mapValues((value) => ({ upper: value.toUpperCase() }))
        .foreachAsync(
          async () => {
            throw new Error('refused')
          },
          { name: 'post', onError: { deadLetter: 'dead' } },
        ),
    )
    await driver.inputTopic('in', text).pipe('a', 'x')
    const { key, value, headers } = driver.outputTopic('dead', text).readRecord()
    expect([key, value]).toEqual(['a', 'x'])
    const told = Object.fromEntries(headers.map(([name, bytes]) => [name, bytes!.toString()]))
    expect(told).toMatchObject({
      '__streams.errors.message': 'refused',
      '__streams.errors.topic': 'in',
      '__streams.errors.offset': '0',
    })
    expect(driver.recordCounts().operators).toMatchObject([{ operator: 'post', deadLetters: 1 }])
  })

  it.each([
    [
      'a call',
      (records: KStream<string, string>) =>
        records.foreachAsync(async () => refuse(), { pending: text, onError: { deadLetter: 'dead' } }),
    ],
    [
      'a batch',
      (records: KStream<string, string>) =>
        records.forEachBatch(async () => refuse(), { size: 1, pending: text, onError: { deadLetter: 'dead' } }),
    ],
  ])('onError deadLetter of %s sends the record itself where a punctuation has made it', async (_, write) => {
    const made = (): Processor<string, string, string, string> => ({
      init: (context) => {
        context.schedule('1s', 'wall-clock-time', () => {
          context.forward(new StreamRecord('job', 'due', 7, [['trace', Buffer.from('t')]]))
        })
      },
      process: () => {},
    })
    driver = driverOf((builder) => write(builder.stream('in', text).process(made)))
    await driver.inputTopic('in', text).pipe('a', 'x')
    await driver.advanceWallClockTime('1s')
    const { key, value, timestamp, headers } = driver.outputTopic('dead', text).readRecord()
    expect([key, value, timestamp]).toEqual(['job', 'due', 7])
    const told = new Map(headers)
    expect(told.get('trace')?.toString()).toBe('t')
    expect(told.get('__streams.errors.topic')).toBeNull()
  })

  it('onError fail asks the processing exception handler', async () => {
    const asked: unknown[] = []
    driver = driverOf(
      (builder) =>
        builder.stream('in', text).foreachAsync(
          async () => {
            throw new Error('refused')
          },
          { name: 'post' },
        ),
      {
        processingExceptionHandler: (error: Error, { operator, offset }: { operator: string; offset: number }) => {
          asked.push([error.message, operator, offset])
          return 'continue'
        },
      },
    )
    await pipe(['a', 'x'])
    expect(asked).toEqual([['refused', 'post', 0]])
  })

  it('a result of the wrong kind is an error of the call', async () => {
    driver = driverOf((builder) =>
      builder.stream('in', text).flatMapValuesAsync(async () => 5 as unknown as Iterable<string>, 'split'),
    )
    await expect(pipe(['a', 'x'])).rejects.toMatchObject({ code: 'CALL_FAILED', location: { operator: 'split' } })
    await driver.close()
    driver = driverOf((builder) =>
      builder.stream('in', text).mapAsync(async () => undefined as unknown as [string, string], 'split'),
    )
    await expect(pipe(['a', 'x'])).rejects.toMatchObject({ code: 'CALL_FAILED', location: { operator: 'split' } })
  })

  it('a tombstone does not reach the callback of a stream without null, and is not called for again', async () => {
    driver = driverOf((builder) =>
      builder.stream('in', text).foreachAsync(async () => {}, { name: 'post', retry: { attempts: 5 } }),
    )
    await expect(pipe(['a', null])).rejects.toMatchObject({
      code: 'UNEXPECTED_TOMBSTONE',
      location: { operator: 'post', topic: 'in', partition: 0, offset: 0 },
    })
  })

  it('a value that the changelog could not keep is refused at its record, with the option to pass', async () => {
    driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .selectKey((value) => value.length)
        .foreachAsync(async () => {}, 'post'),
    )
    await expect(pipe(['a', 'x'])).rejects.toMatchObject({
      code: 'SERIALIZATION_FAILED',
      message: expect.stringMatching(/async operator "post".*\{ pending: \{ key: serdes/),
    })
  })

  it('works behind a cached aggregation and before another one, and leaves nothing in its changelog', async () => {
    driver = driverOf((builder) =>
      builder
        .stream('in', text)
        .groupByKey()
        .count('counts')
        .toStream()
        .mapValuesAsync(async (count) => `${count}`, { name: 'show', value: serdes.string() })
        .mapValuesAsync(async (count) => `${count}!`, { name: 'shout', value: serdes.string() })
        .to('out'),
    )
    expect(await pipe(['a', 'x'], ['a', 'y'])).toEqual([
      ['a', '1!'],
      ['a', '2!'],
    ])
    expect(new Set(driver.produced().map(({ topic }) => topic))).toEqual(
      new Set(['test-driver-counts-changelog', 'out']),
    )
  })

  it('its store and changelog are named after the operator', () => {
    const builder = new StreamsBuilder({ ensureExplicitInternalResourceNaming: true })
    builder.stream('in', text).foreachAsync(async () => {}, 'post')
    const topology = builder.build()
    driver = new TopologyTestDriver(topology)
    expect(topology.describe().toString()).toContain('Processor: post (stores: [post-pending])')
    const unnamed = new StreamsBuilder({ ensureExplicitInternalResourceNaming: true })
    unnamed.stream('in', text).foreachAsync(async () => {})
    expect(() => unnamed.build()).toThrow(/KSTREAM-FOREACH-ASYNC-STATE-STORE-0000000002/)
  })

  it('a grouping behind mapAsync repartitions, one behind mapValuesAsync does not', () => {
    const describe = (build: (builder: StreamsBuilder) => void): string => {
      const builder = new StreamsBuilder()
      build(builder)
      return builder.build().describe().toString()
    }
    driver = driverOf((builder) => builder.stream('in', text).to('out'))
    expect(
      describe((builder) =>
        builder
          .stream('in', text)
          .mapAsync(async (value, key) => [value, key], 'swap')
          .groupByKey('by-value')
          .count(),
      ),
    ).toContain('by-value-repartition')
    expect(
      describe((builder) =>
        builder
          .stream('in', text)
          .mapValuesAsync(async (value) => value, 'look')
          .groupByKey('by-key')
          .count(),
      ),
    ).not.toContain('repartition')
  })
})
