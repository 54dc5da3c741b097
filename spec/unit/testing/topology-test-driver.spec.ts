import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StreamsBuilder } from '../../../lib/dsl/streams-builder'
import { deadLetterTopic, logAndContinue } from '../../../lib/handlers'
import { silentLogger } from '../../../lib/observe/logger'
import type { ProcessorContext } from '../../../lib/operators/processor'
import * as serdes from '../../../lib/serdes'
import type { KeyValueStore } from '../../../lib/state/store'
import { keyValueStore } from '../../../lib/state/stores'
import { type TestDriverConfig, TopologyTestDriver } from '../../../lib/testing'
import { Topology } from '../../../lib/topology/topology'
import { StreamRecord } from '../../../lib/record/stream-record'

const text = { key: serdes.string(), value: serdes.string() }

let stateDir: string
let driver: TopologyTestDriver

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'driver-spec-'))
})
afterEach(async () => {
  await driver.close()
  rmSync(stateDir, { recursive: true })
})

const drive = (topology: Topology, config: TestDriverConfig = {}): TopologyTestDriver => {
  driver = new TopologyTestDriver(topology, { stateDir, initialWallClockTime: 1000, logger: silentLogger, ...config })
  return driver
}

const copying = (): Topology => {
  const builder = new StreamsBuilder()
  builder.stream('in', text).to('out', text)
  return builder.build()
}

describe('TopologyTestDriver', () => {
  it('keeps persistent stores on disk, and removes them when it is closed', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', text).groupByKey().count('counts')
    await drive(builder.build()).inputTopic('in', text).pipe('k', 'v')
    expect(readdirSync(stateDir)).toHaveLength(1)
    expect(existsSync(join(stateDir, readdirSync(stateDir)[0]!, '0_0'))).toBe(true)
    await driver.close()
    expect(readdirSync(stateDir)).toEqual([])
  })

  it('takes the mock clock for records without a timestamp, and moves on by autoAdvance', async () => {
    drive(copying())
    const input = driver.inputTopic('in', { ...text, autoAdvance: '1s' })
    await input.pipe('k', 'a')
    await input.pipe('k', 'b')
    await input.pipe('k', 'c', new Date(77))
    await driver.inputTopic('in', { ...text, startTimestamp: 5 }).pipe('k', 'd')
    expect(
      driver
        .outputTopic('out', text)
        .readRecords()
        .map(({ timestamp }) => timestamp),
    ).toEqual([1000, 2000, 77, 5])
  })

  it('refuses a time with a fraction, which Kafka has no room for', async () => {
    await expect(drive(copying()).inputTopic('in', text).pipe('k', 'a', 1.5)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('to be a whole number of milliseconds since 1970, or a Date') as string,
    })
  })

  it('reads each record once, in several ways', async () => {
    drive(copying())
    const output = driver.outputTopic('out', text)
    expect([output.isEmpty, output.queueSize]).toEqual([true, 0])
    await driver.inputTopic('in', text).pipeKeyValues([
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
      ['a', '4'],
      ['b', null],
    ])
    expect([output.isEmpty, output.queueSize]).toEqual([false, 5])
    expect(output.readRecord()).toEqual({ key: 'a', value: '1', timestamp: 1000, headers: [] })
    expect(output.readKeyValue()).toEqual(['b', '2'])
    expect(output.readValue()).toBe('3')
    expect(output.readKeyValuesToMap()).toEqual(
      new Map([
        ['a', '4'],
        ['b', null],
      ]),
    )
    expect(output.readValues()).toEqual([])
    await driver.inputTopic('in', text).pipe(null, 'x')
    expect(() => output.readKeyValuesToMap()).toThrow('a record without a key was written to "out"')
    for (const read of [() => output.readRecord(), () => output.readKeyValue(), () => output.readValue()]) {
      expect(read).toThrow('no (further) record was written to "out"')
    }
  })

  it('takes keys of equal bytes for one in a map', async () => {
    const keyed = { key: serdes.json<{ id: number }>(), value: serdes.string() }
    const builder = new StreamsBuilder()
    builder.stream('in', keyed).to('out', keyed)
    await drive(builder.build())
      .inputTopic('in', keyed)
      .pipeKeyValues([
        [{ id: 1 }, 'a'],
        [{ id: 2 }, 'b'],
        [{ id: 1 }, 'c'],
      ])
    expect([...driver.outputTopic('out', keyed).readKeyValuesToMap()]).toEqual([
      [{ id: 1 }, 'c'],
      [{ id: 2 }, 'b'],
    ])
  })

  it('says of which topic it was given another serde', async () => {
    drive(copying())
    const input = driver.inputTopic('in', text)
    await input.pipe('k', 'v')
    expect(() => driver.outputTopic('out', { ...text, value: serdes.long() }).readRecord()).toThrow(
      expect.objectContaining({
        code: 'DESERIALIZATION_FAILED',
        message:
          'the test can\'t read the value of a record of topic "out": long is 8 bytes, got 1. Pass the serde that the topology ' +
          "writes it with, as in outputTopic('out', { value: serdes.… })",
      }),
    )
    await input.pipe('k', 'v')
    expect(() => driver.outputTopic('out', { ...text, key: serdes.long() }).readKeyValues()).toThrow(
      "outputTopic('out', { key: serdes.… })",
    )
  })

  it('says of which topic it was given what its serde does not write', async () => {
    drive(copying())
    const input = driver.inputTopic('in', text)
    await expect(input.pipe('k', 5 as never)).rejects.toMatchObject({
      code: 'SERIALIZATION_FAILED',
      message:
        'the test can\'t write the value of a record for topic "in": a string is needed, got number. Pass what the serde writes, ' +
        "or the serde that the topology reads it with, as in inputTopic('in', { value: serdes.… })",
      location: { topic: 'in' },
      cause: new TypeError('a string is needed, got number'),
    })
    await expect(input.pipe(5 as never, 'v')).rejects.toThrow("inputTopic('in', { key: serdes.… })")
  })

  it('pipes lists at times of their own, or at those of the topic, which can be moved on', async () => {
    drive(copying())
    const input = driver.inputTopic('in', { ...text, startTimestamp: 10, autoAdvance: 1 })
    const pairs = ['a', 'b'].map((value) => [value, value] as const)
    await input.pipeKeyValues(pairs)
    await input.pipeKeyValues(pairs, { startTimestamp: new Date(100), advance: '5ms' })
    input.advanceTime('1s')
    await input.pipeValues(['c', null])
    await input.pipeValues(['d', 'e'], { startTimestamp: 200 })
    const written = driver.outputTopic('out', text).readRecords()
    expect(written.map(({ key, value, timestamp }) => `${key}=${value}@${timestamp}`)).toEqual([
      'a=a@10',
      'b=b@11',
      'a=a@100',
      'b=b@105',
      'null=c@1012',
      'null=null@1013',
      'null=d@200',
      'null=e@200',
    ])
    expect(() => input.advanceTime(-1)).toThrow('advanceTime needs by to be milliseconds')
  })

  it('takes and gives bytes', async () => {
    drive(copying())
    const headers = [['h', Buffer.from([1])]] as const
    await driver.pipeRaw({ topic: 'in', key: Buffer.from('k'), value: null, timestamp: 3, headers })
    expect(driver.produced()).toEqual([{ topic: 'out', key: Buffer.from('k'), value: null, timestamp: 3, headers }])
    expect(driver.produced()).toEqual([])
  })

  it('says which topics there are when it is given another', async () => {
    drive(copying())
    await expect(driver.inputTopic('typo', text).pipe('k', 'v')).rejects.toThrow(
      'no source reads topic "typo": the topology reads "in"',
    )
  })

  describe('an output topic that nothing writes to', () => {
    const counting = (): Topology => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', text)
        .selectKey((_key, value) => value)
        .groupByKey({ name: 'by-word', ...text })
        .count('counts')
        .toStream()
        .to('out', { ...text, value: serdes.long() })
      return builder.build()
    }

    it('is an error that says which there are, however it is read', async () => {
      drive(counting())
      await driver.inputTopic('in', text).pipe('k', 'v')
      const typo = driver.outputTopic('oout', text)
      const message =
        'nothing writes to topic "oout" (did you mean "out"?): the topology writes to ' +
        '"test-driver-by-word-repartition", "out", "test-driver-counts-changelog"'
      expect(() => typo.readKeyValues()).toThrow(message)
      expect(() => typo.readRecord()).toThrow(message)
      expect(() => typo.isEmpty).toThrow(message)
      expect(() => typo.queueSize).toThrow(message)
      expect(() => driver.outputTopic('in', text).readValues()).toThrow('nothing writes to topic "in"')
    })

    it('is none that has no record yet: of a sink, a changelog or a repartition topic', () => {
      drive(counting())
      for (const topic of ['out', 'test-driver-counts-changelog', 'test-driver-by-word-repartition']) {
        expect(driver.outputTopic(topic, text).isEmpty).toBe(true)
        expect(driver.outputTopic(topic, text).readKeyValues()).toEqual([])
      }
    })

    it('may be any that a sink or an exception handler chooses as it runs', () => {
      const builder = new StreamsBuilder()
      builder.stream('in', text).to((key) => key ?? 'none', text)
      expect(drive(builder.build()).outputTopic('chosen', text).queueSize).toBe(0)
      drive(copying(), { processingExceptionHandler: () => 'fail' })
      expect(driver.outputTopic('dead', text).queueSize).toBe(0)
    })

    it('is none that dead letters go to', () => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', text)
        .mapValuesAsync(async (value) => value, { name: 'call', onError: { deadLetter: 'not-called' }, pending: text })
        .forEachBatch(async () => {}, { name: 'write', onError: { deadLetter: 'not-written' }, pending: text })
      drive(builder.build(), {
        deserializationExceptionHandler: logAndContinue(),
        processingExceptionHandler: deadLetterTopic('dead'),
      })
      for (const topic of ['not-called', 'not-written', 'dead']) {
        expect(driver.outputTopic(topic, text).isEmpty).toBe(true)
      }
      expect(() => driver.outputTopic('dad', text).isEmpty).toThrow('did you mean "dead"')
    })

    it('is none that a producer of the test writes to', async () => {
      drive(copying())
      const audit = driver.outputTopic('audit', text)
      expect(() => audit.isEmpty).toThrow('nothing writes to topic "audit"')
      const producer = driver.producer({ topics: { audit: text } })
      expect(audit.isEmpty).toBe(true)
      await producer.send('audit', 'k', 'v')
      expect(audit.readValues()).toEqual(['v'])
    })
  })

  it('reads topics that match a pattern', async () => {
    const topology = new Topology().addSource('source', /logs-\d+/, text).addSink('sink', 'out', 'source', text)
    drive(topology)
    await driver.inputTopic('logs-1', text).pipe('k', 'a')
    await driver.inputTopic('logs-2', text).pipe('k', 'b')
    expect(driver.outputTopic('out', text).readValues()).toEqual(['a', 'b'])
    await expect(driver.inputTopic('logs-x', text).pipe('k', 'c')).rejects.toThrow('/logs-\\d+/')
  })

  it('rejects with what an operator throws, and stays failed', async () => {
    const builder = new StreamsBuilder()
    builder.stream('in', text).foreach(() => {
      throw new Error('boom')
    })
    drive(builder.build())
    const input = driver.inputTopic('in', text)
    await expect(input.pipe('k', 'v')).rejects.toThrow('boom')
    await expect(input.pipe('k', 'v')).rejects.toThrow('boom')
  })

  it('works off what is piped at once one by one', async () => {
    const order: string[] = []
    const builder = new StreamsBuilder()
    builder.stream('in', text).foreach(async (value) => {
      await new Promise((resolve) => setTimeout(resolve, value === 'a' ? 5 : 0))
      order.push(value)
    })
    drive(builder.build())
    const input = driver.inputTopic('in', text)
    await Promise.all(['a', 'b', 'c'].map((value) => input.pipe('k', value)))
    expect(order).toEqual(['a', 'b', 'c'])
  })

  it('opens stores before the first record when asked to', async () => {
    const seen = keyValueStore('seen', { key: serdes.string(), value: serdes.string() })
    const topology = new Topology()
      .addSource('source', 'in', text)
      .addProcessor('look', () => new Look(), 'source', [seen])
    drive(topology)
    expect(() => driver.store(seen)).toThrow('await driver.start()')
    await driver.start()
    driver.store(seen).put('known', 'yes')
    await driver.inputTopic('in', text).pipe('known', 'v')
    expect(driver.store(seen).get('known')).toBe('yes!')
    expect(driver.produced().map(({ timestamp }) => timestamp)).toEqual([0, 1000])
    expect([...driver.stores().keys()]).toEqual(['seen'])
    expect(() => driver.store('other')).toThrow('there is no store "other"; the topology has: "seen"')
  })

  it('lists a store that no processor uses, as null', async () => {
    const topology = copying().addStateStore(keyValueStore('unused'))
    drive(topology)
    await driver.start()
    expect([...driver.stores()]).toEqual([['unused', null]])
  })

  it('fires wall-clock punctuations as the clock moves, scans in them included', async () => {
    const seen = keyValueStore('seen', { key: serdes.string(), value: serdes.string() })
    const topology = new Topology()
      .addSource('source', 'in', text)
      .addProcessor('flush', () => new FlushEverySecond(), 'source', [seen])
      .addSink('sink', 'out', 'flush', text)
    drive(topology)
    await driver.inputTopic('in', text).pipeKeyValues([
      ['b', '1'],
      ['a', '2'],
    ])
    await driver.advanceWallClockTime(999)
    const output = driver.outputTopic('out', text)
    expect(output.isEmpty).toBe(true)
    await driver.advanceWallClockTime(1)
    expect(driver.wallClockTime).toBe(2000)
    expect(output.readRecords().map(({ key, timestamp }) => `${key}@${timestamp}`)).toEqual(['a@2000', 'b@2000'])
    await driver.advanceWallClockTime('5s')
    expect(output.isEmpty).toBe(true)
  })

  it('refuses config keys that do not exist', () => {
    driver = drive(copying())
    expect(() => new TopologyTestDriver(copying(), { commitIntervall: 5 } as never)).toThrow('commitIntervall')
  })

  it('says that a call was not awaited if it is closed before its turn', async () => {
    const piped = drive(copying()).inputTopic('in', text).pipe('k', 'v')
    const closed = driver.close()
    await expect(piped).rejects.toMatchObject({
      code: 'ILLEGAL_STATE',
      message: expect.stringContaining('await each of its calls'),
    })
    await closed
  })

  it('does nothing any more once closed', async () => {
    drive(copying())
    await driver.close()
    await driver.close()
    await expect(driver.inputTopic('in', text).pipe('k', 'v')).rejects.toThrow('closed')
  })

  it('names the processor whose close() fails, and closes everything', async () => {
    const cause = new Error('the connection is gone')
    const topology = new Topology().addSource('source', 'in', text).addProcessor(
      'client',
      () => ({
        process: () => {},
        close: () => {
          throw cause
        },
      }),
      'source',
    )
    drive(topology)
    await driver.inputTopic('in', text).pipe('k', 'v')
    await expect(driver.close()).rejects.toMatchObject({
      code: 'PROCESSING_FAILED',
      message: 'close() of processor "client" failed: the connection is gone',
      location: { operator: 'client', taskId: '0_0' },
      cause,
    })
    expect(readdirSync(stateDir)).toEqual([])
  })
})

type Store = KeyValueStore<string, string>

class Look {
  private store!: Store
  init(context: ProcessorContext<string, string>): void {
    this.store = context.stateStore<Store>('seen')
  }
  process({ key }: StreamRecord<string, string>): void {
    this.store.put(key, `${this.store.get(key)}!`)
  }
}

class FlushEverySecond {
  private store!: Store
  init(context: ProcessorContext<string, string>): void {
    const store = (this.store = context.stateStore<Store>('seen'))
    context.schedule('1s', 'wall-clock-time', async (timestamp) => {
      for await (const [key, value] of store.all()) {
        context.forward(new StreamRecord(key, value, timestamp))
        store.delete(key)
      }
    })
  }
  process({ key, value }: StreamRecord<string, string>): void {
    this.store.put(key, value)
  }
}
