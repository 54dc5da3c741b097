import { runInNewContext } from 'node:vm'
import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import { deadLetterTopic, logAndContinue } from '../../lib/handlers'
import type { ProcessorSupplier } from '../../lib/operators/processor'
import type { StreamRecord } from '../../lib/record/stream-record'
import * as serdes from '../../lib/serdes'
import { recordingLogger } from '../unit/runtime/processing/processing-under-test'
import { counted, drive, headers, text } from './drive'

describe('a dead letter', () => {
  it('of a record that cannot be read has its bytes, timestamp, headers, and says what went wrong where', async () => {
    const { driver } = drive((builder) => builder.stream('in', counted).to('out', counted), {
      deserializationExceptionHandler: deadLetterTopic('dead'),
    })
    const bad = {
      topic: 'in',
      key: Buffer.from('b'),
      value: Buffer.from([1, 2, 3]),
      timestamp: 20,
      headers: headers('own'),
    }
    await driver.pipeRaw({ ...bad, value: Buffer.alloc(8) })
    await driver.pipeRaw(bad)
    const [copy, dead] = driver.produced()
    expect(copy!.topic).toBe('out')
    expect(dead).toMatchObject({ topic: 'dead', key: bad.key, value: bad.value, timestamp: 20 })
    expect(dead!.headers.map(([name]) => name)).toEqual([
      'own',
      '__streams.errors.exception',
      '__streams.errors.message',
      '__streams.errors.stacktrace',
      '__streams.errors.topic',
      '__streams.errors.partition',
      '__streams.errors.offset',
      '__millrace.errors.operator',
      '__millrace.errors.code',
      '__millrace.errors.description',
    ])
    expect(dead!.headers.slice(4, -1).map(([, value]) => value!.toString())).toEqual([
      ...['in', '0', '1'],
      ...['KSTREAM-SOURCE-0000000000', 'DESERIALIZATION_FAILED'],
    ])
    expect(dead!.headers.at(-1)![1]!.toString()).toMatch(/can't read the value at offset 1 of in-0 with its serde: /)
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('has room for its record though the message of the error quotes all of it, several times', async () => {
    const { driver, input } = drive(
      (builder) =>
        builder
          .stream('in', text)
          .mapValues((value): string => {
            throw new Error(`refused: ${value}${value}`)
          })
          .to('out', text),
      { processingExceptionHandler: deadLetterTopic('dead') },
    )
    await input.pipe('k', 'x'.repeat(100_000), 1)
    const [dead] = driver.produced()
    const told = new Map(dead!.headers.map(([name, value]) => [name, value!.toString()]))
    expect(told.get('__streams.errors.message')).toMatch(/^refused: x+…$/)
    expect(told.get('__streams.errors.message')).toHaveLength(8192 + 1)
    expect(told.get('__streams.errors.stacktrace')!.length).toBeLessThanOrEqual(32_768 + 1)
    // where it was thrown is not lost with the end of the message
    expect(told.get('__streams.errors.stacktrace')).toMatch(/…\n +at /)
    expect(dead!.value).toHaveLength(100_000)
  })

  it('of an output has the source record too', async () => {
    const { driver, input, out } = drive(
      (builder) => builder.stream('in', text).to('out', { value: serdes.long() as never }),
      { productionExceptionHandler: deadLetterTopic('dead') },
    )
    await input.pipe('k', 'v', 4)
    expect(out('dead')[0]).toMatch(/^k=v@4 __streams/)
    expect(driver.recordCounts().dropped).toBe(1)
  })
})

describe('what a handler is given of an output that can not be written', () => {
  const refusal = new RangeError('only small ones')
  const picky = {
    ...serdes.string(),
    serialize: (): never => {
      throw refusal
    },
  }

  it.each(['key', 'value'])('is what the serde of its %s has thrown, as in Java', async (part) => {
    const logger = recordingLogger()
    const asked: unknown[] = []
    const { input } = drive((builder) => builder.stream('in', text).to('out', { ...text, [part]: picky }), {
      logger,
      productionExceptionHandler: (error, { code, operator, description }) => {
        asked.push(error, code, operator, description)
        return 'continue'
      },
    })
    await input.pipe('k', 'v', 4)
    expect(asked[0]).toBe(refusal)
    expect(asked.slice(1)).toEqual([
      'SERIALIZATION_FAILED',
      'KSTREAM-SINK-0000000001',
      expect.stringMatching(`can't write the ${part} [kv] \\(string\\) to topic "out" with its serde: only small ones`),
    ])
    expect(logger.entries.find(({ level }) => level === 'warn')?.fields['err']).toBe(refusal)
  })

  it('is told by the headers of a dead letter', async () => {
    const { driver, input } = drive((builder) => builder.stream('in', text).to('out', { ...text, value: picky }), {
      productionExceptionHandler: deadLetterTopic('dead'),
    })
    await input.pipe('k', 'v', 4)
    const told = new Map(driver.produced()[0]!.headers.map(([name, value]) => [name, value!.toString()]))
    expect(told.get('__streams.errors.exception')).toBe('RangeError')
    expect(told.get('__streams.errors.message')).toBe('only small ones')
    expect(told.get('__millrace.errors.code')).toBe('SERIALIZATION_FAILED')
  })
})

describe('a dead letter of a punctuation', () => {
  it('has neither key nor value, and names no topic', async () => {
    const ticking: ProcessorSupplier<string, string> = () => ({
      init(context) {
        context.schedule(1, 'stream-time', () => {
          throw new Error('tick')
        })
      },
      process: () => undefined,
    })
    const { driver, input } = drive((builder) => builder.stream('in', text).process(ticking), {
      processingExceptionHandler: deadLetterTopic('dead'),
    })
    await input.pipe('k', 'v', 4)
    const [letter] = driver.produced()
    expect(letter).toMatchObject({ topic: 'dead', key: null, value: null, timestamp: 4 })
    const told = new Map(letter!.headers)
    expect(told.get('__streams.errors.topic')).toBeNull()
    expect(told.get('__streams.errors.partition')?.toString()).toBe('-1')
    expect(told.get('__streams.errors.offset')?.toString()).toBe('-1')
  })
})

describe("what a sink's own function throws", () => {
  const failing = (): never => {
    throw new TypeError('no such region')
  }
  const [topic, partitioner] = [failing, failing]

  it.each([
    ['partitioner', () => 'out', { partitioner }, /the partitioner of sink "to-out" failed .* "out": no such region/],
    ['topic name extractor', topic, {}, /the function that chooses the topic of sink "to-out" failed: no such region/],
  ])(
    'a %s: comes to the processing handler as it is, as of the operator before the sink',
    async (_, to, how, words) => {
      const asked: unknown[] = []
      const { input, driver } = drive(
        (builder) =>
          builder
            .stream('in', text)
            .mapValues((value) => `${value}!`, { name: 'shout' })
            .to(to, { ...text, ...how, name: 'to-out' }),
        {
          processingExceptionHandler: (error, { operator, code, description, offset }, record) => {
            asked.push([error, operator, code, offset, record?.value])
            expect(description).toMatch(words)
            return 'continue'
          },
        },
      )
      await input.pipe('k', 'v')
      expect(asked).toEqual([[new TypeError('no such region'), 'shout', 'PROCESSING_FAILED', 0, 'v']])
      expect((asked[0] as unknown[])[0]).toBeInstanceOf(TypeError)
      expect(driver.recordCounts().dropped).toBe(1)
    },
  )

  it.each([
    ['partitioner', () => 'out', { partitioner }],
    ['topic name extractor', topic, {}],
  ])('a %s: says which sink and which record it was where no handler decides', async (_, to, how) => {
    const { input } = drive((builder) => builder.stream('in', text).to(to, { ...text, ...how, name: 'to-out' }))
    await expect(input.pipe('k', 'v')).rejects.toMatchObject({
      code: 'PROCESSING_FAILED',
      location: { operator: 'to-out', taskId: '0_0', topic: 'in', partition: 0, offset: 0 },
      cause: new TypeError('no such region'),
    })
  })
})

describe('logAndContinue', () => {
  it('drops the element an operator fails on, and keeps what was forwarded', async () => {
    const { driver, input, out } = drive(
      (builder) =>
        builder
          .stream('in', text)
          .flatMapValues((value) => value.split(' '))
          .mapValues((value) => {
            if (value === 'boom') throw new Error('boom!')
            return `${value}!`
          })
          .to('out', text),
      { processingExceptionHandler: logAndContinue() },
    )
    await input.pipe('a', 'x boom y', 1)
    expect(out()).toEqual(['a=x!@1', 'a=y!@1'])
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('logs each record with its error, up to ten, and the last one with the number held back', async () => {
    const logger = recordingLogger()
    const { driver } = drive((builder) => builder.stream('in', counted).to('out', counted), {
      deserializationExceptionHandler: logAndContinue(),
      logger,
    })
    const bad = { topic: 'in', key: Buffer.from('k'), value: Buffer.from('short') }
    for (let i = 0; i < 25; i++) await driver.pipeRaw(bad)
    const warnings = () => logger.entries.filter(({ level }) => level === 'warn')
    expect(warnings().map(({ fields }) => fields['offset'])).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    for (const { fields, message } of warnings()) {
      expect(fields['err']).toMatchObject({ message: expect.stringContaining('8 bytes'), stack: expect.any(String) })
      expect(message).toContain(`failed on the record of in-0 at offset ${String(fields['offset'])}`)
    }
    await driver.close()
    expect(warnings().at(-1)).toMatchObject({ fields: { offset: 24, heldBack: 14 } })
    expect(warnings()).toHaveLength(11)
  })
})

describe('recordCounts', () => {
  it('tells dropped records by operator and reason, and dead letters', async () => {
    const { driver, input } = drive(
      (builder) => {
        const stream = builder.stream('in', text)
        stream.mapValues(
          (value) => {
            if (value === 'boom') throw new Error('boom!')
            return value
          },
          { name: 'parse' },
        )
        stream
          .groupByKey(text)
          .windowedBy(TimeWindows.of({ size: 10 }))
          .count({ name: 'count', store: 'counts' })
      },
      { processingExceptionHandler: deadLetterTopic('dead') },
    )
    expect(driver.recordCounts()).toEqual({ dropped: 0, deadLetters: 0, operators: [] })
    await input.pipe('k', 'boom', 100)
    await input.pipe('k', 'late', 5)
    await input.pipe(null as never, 'no key', 100)
    expect(driver.recordCounts()).toEqual({
      dropped: 3,
      deadLetters: 1,
      operators: [
        { taskId: '0_0', operator: 'parse', dropped: 1, droppedBy: { error: 1 }, deadLetters: 1 },
        {
          taskId: '0_0',
          operator: 'count',
          dropped: 2,
          droppedBy: { late: 1, 'null-key': 1 },
          deadLetters: 0,
        },
      ],
    })
    expect(driver.recordCounts().dropped).toBe(3)
  })
})

const refuse = (): never => {
  throw new Error('refused')
}

describe('what a processing handler is given', () => {
  const thrownBy = async (thrown: unknown): Promise<unknown[]> => {
    const asked: unknown[] = []
    const { input } = drive(
      (builder) =>
        builder.stream('in', text).foreach(() => {
          throw thrown
        }),
      {
        processingExceptionHandler: (error, { description }) => {
          asked.push(error, description)
          return 'continue'
        },
      },
    )
    await input.pipe('k', 'v', 4)
    return asked
  }

  it('is the error of another realm itself, such as one of Node in a test runner', async () => {
    const thrown = Object.assign(runInNewContext('new RangeError("too small")') as Error, { code: 'ERR_SMALL' })
    expect(thrown).not.toBeInstanceOf(Error)
    const [error, description] = await thrownBy(thrown)
    expect(error).toBe(thrown)
    expect(description).toMatch(/ failed at offset 0 of in-0: too small\. /)
  })

  it.each([
    ['boom', 'boom'],
    [undefined, 'undefined'],
    [{ status: 404 }, '{"status":404}'],
    [Object.create(null), '{}'],
  ])('is an error with the text of what was thrown and is none: %j', async (thrown, said) => {
    const [error] = await thrownBy(thrown)
    expect(error).toBeInstanceOf(Error)
    expect((error as Error).message).toBe(said)
  })
})

describe('a handler', () => {
  it.each([
    ['nothing', undefined, 'returned undefined'],
    ["Java's name of a response", 'CONTINUE', "returned 'CONTINUE'"],
    ['a promise', Promise.resolve('continue'), 'returned a promise, which is not awaited,'],
    ['no dead letters', { result: 'continue' }, 'returned an object that does not fit,'],
  ])('that answers with %s fails, and drops nothing', async (_what, response, words) => {
    const handler = (() => response) as never
    const broken = drive((builder) => builder.stream('in', counted).to('out', counted), {
      deserializationExceptionHandler: handler,
    })
    const misread = broken.input.pipe('k', 'no number')
    await expect(misread).rejects.toThrow(`the exception handler ${words} for operator`)
    expect(broken.driver.recordCounts().dropped).toBe(0)
    const throwing = drive(
      (builder) =>
        builder.stream('in', text).foreach(() => {
          throw new Error('refused')
        }),
      { processingExceptionHandler: handler },
    )
    await expect(throwing.input.pipe('k', 'v')).rejects.toThrow(`the exception handler ${words} for operator`)
  })

  it.each([
    [
      'deserialization',
      (builder) => void builder.stream('in', { ...counted, name: 'op' }).to('out', counted),
      /long is 8 bytes, got 1/,
    ],
    ['processing', (builder) => void builder.stream('in', text).foreach(refuse, { name: 'op' }), /refused/],
    [
      'production',
      (builder) => void builder.stream('in', text).to('out', { value: serdes.long() as never, name: 'op' }),
      /long needs a number, got string/,
    ],
  ] satisfies [string, (builder: StreamsBuilder) => void, RegExp][])(
    'for %s that throws ends with where it was, what it was about, and what it has thrown',
    async (kind, define, about) => {
      const broken = new Error('the handler is broken')
      const { driver, input } = drive(define, {
        [`${kind}ExceptionHandler`]: () => {
          throw broken
        },
      })
      const failure: unknown = await input.pipe('k', 'v').catch((error: unknown) => error)
      expect(failure).toMatchObject({
        code: 'PROCESSING_FAILED',
        message: expect.stringMatching(
          /^the exception handler threw 'the handler is broken' for operator "op", which failed on the record of in-0 at offset 0: /,
        ),
        location: { operator: 'op', taskId: '0_0', topic: 'in', partition: 0, offset: 0 },
        cause: broken,
      })
      expect((failure as Error).message).toMatch(about)
      expect(driver.recordCounts().dropped).toBe(0)
    },
  )

  it.each([
    [
      'throws',
      () => {
        throw new Error('the handler is broken')
      },
    ],
    ['answers with nothing', () => undefined],
  ])('that %s fails the task, though a processor catches what its forward() throws', async (_what, handler) => {
    const catching: ProcessorSupplier<string, string, string, string> = () => {
      let forward: (record: StreamRecord<string, string>) => void
      return {
        init: (context) => void (forward = (record) => context.forward(record)),
        process(record) {
          try {
            forward(record)
          } catch {
            // and goes on
          }
        },
      }
    }
    const { input } = drive((builder) => builder.stream('in', text).process(catching).foreach(refuse, { name: 'op' }), {
      processingExceptionHandler: handler as never,
    })
    await expect(input.pipe('k', 'v')).rejects.toMatchObject({ location: { operator: 'op' } })
  })
})
