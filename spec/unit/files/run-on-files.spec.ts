import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serdes, StreamsBuilder, TimeWindows, type Topology, untilWindowCloses } from '../../../lib'
import { csv, type FileInput, type FileOutput, ndjson, runOnFiles } from '../../../lib/files'
import { EmbeddedKafka } from '../../../lib/kafka/memory'
import { silentLogger } from '../../../lib/observe/logger'

interface Order {
  customer: string
  amount: number
  at: number
}

const text = { key: serdes.string(), value: serdes.string() }
const orderSerdes = { key: serdes.string(), value: serdes.json<Order>() }
const config = { logger: silentLogger }

describe('runOnFiles', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-files-spec-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const path = (name: string): string => join(folder, name)
  const file = (name: string, ...lines: string[]): string => {
    writeFileSync(path(name), lines.map((line) => `${line}\n`).join(''))
    return path(name)
  }
  const linesOf = (name: string): string[] => readFileSync(path(name), 'utf8').trim().split('\n')

  const copying = (): Topology => {
    const builder = new StreamsBuilder()
    builder.stream('in', { key: serdes.string(), value: serdes.json() }).to('out')
    return builder.build()
  }

  it('reads NDJSON and writes CSV: windows are closed at the end', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('orders', orderSerdes)
      .groupBy((order) => order.customer, orderSerdes)
      .windowedBy(TimeWindows.of({ size: '1s' }))
      .aggregate(
        () => 0,
        (sum, { amount }) => sum + amount,
        { store: 'sums', value: serdes.double() },
      )
      .suppress(untilWindowCloses())
      .toStream((_, { key, window }) => `${key}@${window.start}`)
      .to('totals', { key: serdes.string(), value: serdes.double() })
    const orders = file(
      'orders.ndjson',
      '{"customer":"ann","amount":1.5,"at":100}',
      '',
      '{"customer":"bob","amount":2,"at":200}',
      '{"customer":"ann","amount":3,"at":300}',
      '{"customer":"ann","amount":4,"at":1000}',
    )
    const summary = await runOnFiles(builder.build(), {
      inputs: { orders: ndjson<Order>(orders, { timestamp: ({ at }) => at }) },
      outputs: { totals: csv(path('totals.csv'), { row: (total, customer) => ({ customer, total }) }) },
      config,
    })
    expect(linesOf('totals.csv')).toEqual(['customer,total', 'ann@0,4.5', 'bob@0,2', 'ann@1000,4'])
    expect(summary.topics).toContainEqual({ topic: 'orders', read: 4, written: 0 })
    expect(summary.topics).toContainEqual({ topic: 'totals', read: 0, written: 3 })
  })

  it('reads CSV with quotes, delimiters and columns of its own, and writes what it has read', async () => {
    const input = file('in.csv', 'id;text', '1;"a;b ""c"""', '2;"two', 'lines"')
    const inputs = { in: csv(input, { delimiter: ';', key: ({ id }) => id! }) }
    await runOnFiles(copying(), { inputs, outputs: { out: csv(path('out.csv')) }, config })
    expect(readFileSync(path('out.csv'), 'utf8')).toBe('id,text\n1,"a;b ""c"""\n2,"two\nlines"\n')
    const columns = csv(path('out.csv'), { columns: ['a', 'b'] })
    await runOnFiles(copying(), { inputs: { in: columns }, outputs: { out: ndjson(path('out.ndjson')) }, config })
    expect(linesOf('out.ndjson').map((line) => JSON.parse(line) as unknown)).toEqual([
      { a: 'id', b: 'text' },
      { a: '1', b: 'a;b "c"' },
      { a: '2', b: 'two\nlines' },
    ])
  })

  it('reads several files in the order of their timestamps, and global tables first', async () => {
    const builder = new StreamsBuilder()
    const prices = builder.table('prices', { key: serdes.string(), value: serdes.long() })
    const names = builder.globalTable('names', text)
    builder
      .stream('orders', text)
      .join(prices, (order, price) => `${order} at ${price}`)
      .join(
        names,
        (_, key) => key!,
        (order, name) => `${name}: ${order}`,
      )
      .to('out', text)
    interface Row { key: string; value: string | number; at: number } // prettier-ignore
    const rows = (name: string, ...all: [string, string | number, number][]): FileInput =>
      ndjson<Row>(file(name, ...all.map(([key, value, at]) => JSON.stringify({ key, value, at }))), {
        key: (row) => row.key,
        value: (row) => row.value,
        timestamp: (row) => new Date(row.at),
      })
    const inputs = {
      orders: rows('orders', ['tea', 'o1', 15], ['tea', 'o2', 25], ['tea', 'o3', 35]),
      prices: rows('prices', ['tea', 1, 10], ['tea', 2, 20], ['tea', 3, 30]),
      names: rows('names', ['tea', 'Tea', 99]),
    }
    await runOnFiles(builder.build(), { inputs, outputs: { out: ndjson(path('out')) }, config })
    expect(linesOf('out')).toEqual(['"Tea: o1 at 1"', '"Tea: o2 at 2"', '"Tea: o3 at 3"'])
  })

  it('reads no faster than results are written', async () => {
    const TOTAL = 12_000
    let [read, written, furthest] = [0, 0, 0]
    const numbers: FileInput = {
      path: 'numbers',
      async *read() {
        for (; read < TOTAL; read++) {
          furthest = Math.max(furthest, read - written)
          yield { key: 'k', value: read, line: read + 1 }
        }
      },
    }
    const sink: FileOutput = {
      path: 'sink',
      open: async () => ({
        write: async (value) => {
          expect(value).toBe(written++)
          // others get their turn: whatever comes faster than this piles up
          await new Promise((resolve) => setImmediate(resolve))
        },
        close: async () => {},
      }),
    }
    await runOnFiles(copying(), { inputs: { in: numbers }, outputs: { out: sink }, config })
    expect(written).toBe(TOTAL)
    expect(furthest).toBeLessThan(10_000)
  })

  it('drops the records of topics without a file', async () => {
    const { written } = await runOnFiles(copying(), { inputs: { in: ndjson(file('in', '1', '2')) }, config })
    expect(written).toBe(2)
  })

  const numbers = (count: number): FileInput => ({
    path: 'numbers',
    async *read() {
      for (let n = 1; n <= count; n++) yield { key: 'k', value: n, line: n }
    },
  })

  it('gives the topology every record of a topic that it writes, reads back, and has a file for', async () => {
    const builder = new StreamsBuilder()
    const json = { key: serdes.string(), value: serdes.json<number>() }
    let read = 0
    builder.stream('in', json).to('middle', json)
    builder.stream('middle', json).foreach(() => void read++)
    const outputs = { middle: ndjson(path('middle')) }
    const { topics } = await runOnFiles(builder.build(), { inputs: { in: numbers(12_000) }, outputs, config })
    expect(read).toBe(12_000)
    expect(linesOf('middle')).toHaveLength(12_000)
    expect(topics).toContainEqual({ topic: 'middle', read: 12_000, written: 12_000 })
  })

  it('holds no records of topics without a file', async () => {
    const kafka = jest.spyOn(EmbeddedKafka.prototype, 'client')
    let held = 0
    const watched: FileInput = {
      path: 'watched',
      async *read() {
        const admin = (kafka.mock.results[0]!.value as ReturnType<EmbeddedKafka['client']>).admin()
        const at = async (when: 'earliest' | 'latest'): Promise<number> =>
          (await admin.listOffsets([{ topic: 'out', partition: 0, at: when }])).get('out-0')!
        for (let n = 1; n <= 30_000; n++) {
          if (n % 1000 === 0) held = Math.max(held, (await at('latest')) - (await at('earliest')))
          yield { key: 'k', value: n, line: n }
        }
      },
    }
    try {
      await runOnFiles(copying(), { inputs: { in: watched }, config })
    } finally {
      kafka.mockRestore()
    }
    expect(held).toBeLessThan(20_000)
  })

  it('drops dead letters, and the records of chosen topics, that no file is given for', async () => {
    const builder = new StreamsBuilder()
    builder
      .stream('in', { key: serdes.string(), value: serdes.json<number>() })
      .mapValuesAsync(
        async (n) => {
          if (n === 9) throw new Error('nine')
          return n
        },
        { onError: { deadLetter: 'letters' } },
      )
      .to((n) => `out-${n % 2}`)
    const outputs = { 'out-0': ndjson(path('even')) }
    const { deadLetters } = await runOnFiles(builder.build(), { inputs: { in: numbers(10) }, outputs, config })
    expect(deadLetters).toBe(1)
    expect(linesOf('even')).toEqual(['2', '4', '6', '8', '10'])
  })

  it('reads NDJSON with a byte order mark, Windows line ends, and a record above the usual size of a message', async () => {
    const long = 'x'.repeat(2_000_000)
    writeFileSync(path('in'), `\ufeff{"a":1}\r\n\r\n${JSON.stringify(long)}`)
    const out: FileOutput = ndjson(path('out'), { row: (value: unknown) => (value === long ? 'long' : value) })
    const more = { ...config, producer: { maxRequestSize: 4_000_000 } }
    await runOnFiles(copying(), { inputs: { in: ndjson(path('in')) }, outputs: { out }, config: more })
    expect(linesOf('out')).toEqual(['{"a":1}', '"long"'])
  })

  it('writes CSV with the columns that are set, and truth values as text', async () => {
    const input = file('in', '{"a":true,"b":false,"c":null}', '{"b":1.5,"d":{"e":1}}')
    const outputs = { out: csv(path('out'), { columns: ['b', 'a', 'd'] }) }
    await runOnFiles(copying(), { inputs: { in: ndjson(input) }, outputs, config })
    expect(readFileSync(path('out'), 'utf8')).toBe('b,a,d\nfalse,true,\n1.5,,"{""e"":1}"\n')
  })

  describe('fails', () => {
    const failing = (): Topology => {
      const builder = new StreamsBuilder()
      builder
        .stream('in', { key: serdes.string(), value: serdes.json<{ n: number }>() })
        .mapValues(({ n }) => {
          if (n === 3) throw new Error('three is too much')
          return n
        })
        .to('out')
      return builder.build()
    }
    const three = ['{"n":1}', '', '{"n":2}', '{"n":3}']

    it.each<[string, () => Topology, () => FileInput, object]>([
      [
        'with file and line where a line is no JSON',
        copying,
        () => ndjson(file('in.ndjson', '1', '{"a":', '3')),
        { code: 'FILE_FAILED', message: expect.stringMatching(/in\.ndjson:2: the line is no JSON/) },
      ],
      [
        'with file and line where a line is no CSV',
        copying,
        () => csv(file('in.csv', 'a,b', '1,2', '3')),
        { code: 'FILE_FAILED', message: expect.stringMatching(/in\.csv:3: the line is no CSV/) },
      ],
      [
        'with file and line where a row has no valid time',
        copying,
        () => ndjson(file('in.ndjson', '1', '2'), { timestamp: () => Number.NaN }),
        { code: 'FILE_FAILED', message: expect.stringMatching(/in\.ndjson:1: .* its timestamp is NaN/) },
      ],
      [
        'with file and line where a row has no whole milliseconds as its time',
        copying,
        () => ndjson(file('in.ndjson', '1', '2'), { timestamp: () => 1500.5 }),
        { code: 'FILE_FAILED', message: expect.stringMatching(/in\.ndjson:1: .* its timestamp is 1500\.5/) },
      ],
      [
        'with file and line where the time of a row is null',
        copying,
        () => ndjson(file('in.ndjson', '1', '2'), { timestamp: () => null as never }),
        { code: 'FILE_FAILED', message: expect.stringMatching(/in\.ndjson:1: .* its timestamp is null/) },
      ],
      [
        'with the line where a CSV row of several lines begins',
        copying,
        () =>
          csv(file('in.csv', 'a', '"x', 'y"', '"1', '', '2"'), {
            key: ({ a }) => {
              if (a!.startsWith('1')) throw new Error('one')
            },
          }),
        { code: 'FILE_FAILED', message: expect.stringMatching(/in\.csv:4: .*one/) },
      ],
      [
        'with file and line where the serde of the source does not take a value',
        copying,
        () => ndjson(file('in.ndjson', '1'), { key: () => 5 }),
        {
          code: 'FILE_FAILED',
          message: expect.stringMatching(
            /in\.ndjson:1: the record can't be written with the serdes of source topic "in"/,
          ),
        },
      ],
      [
        'with file and line of the record where a callback throws',
        failing,
        () => ndjson(file('in.ndjson', ...three)),
        { code: 'PROCESSING_FAILED', message: expect.stringMatching(/in\.ndjson:4: .*three is too much/) },
      ],
      [
        'where a file does not exist',
        copying,
        () => ndjson(path('none')),
        { code: 'FILE_FAILED', message: expect.stringMatching(/none: it can't be read: ENOENT/) },
      ],
      [
        'where a CSV file does not exist',
        copying,
        () => csv(path('none')),
        { code: 'FILE_FAILED', message: expect.stringMatching(/none: it can't be read: ENOENT/) },
      ],
    ])('%s', async (_, topology, input, error) => {
      // prettier-ignore
      const outputs = { out: ndjson(path('out')) }
      await expect(runOnFiles(topology(), { inputs: { in: input() }, outputs, config })).rejects.toMatchObject(error)
    })

    it('where a file can not be created', async () => {
      const outputs = { out: ndjson(path('no/such/folder')) }
      const inputs = { in: ndjson(file('in', '1')) }
      await expect(runOnFiles(copying(), { inputs, outputs, config })).rejects.toMatchObject({
        code: 'FILE_FAILED',
        message: expect.stringContaining("it can't be written: ENOENT"),
      })
    })

    it.each<[string, () => FileOutput, RegExp]>([
      [
        'where row() throws',
        () =>
          ndjson(path('out'), {
            row: () => {
              throw new Error('no row')
            },
          }),
        /out: a record can't be made a row: no row/,
      ],
      ['where a row is no JSON', () => ndjson(path('out'), { row: () => 1n }), /out: a record can't be made a row/],
      [
        'where a later row has other columns',
        () => csv(path('out')),
        /out: .*column "b", which the first row does not/,
      ],
    ])('with the file %s', async (_, out, message) => {
      const inputs = { in: ndjson(file('in', '{"a":1}', '{"a":2,"b":3}')) }
      await expect(runOnFiles(copying(), { inputs, outputs: { out: out() }, config })).rejects.toMatchObject({
        code: 'FILE_FAILED',
        message: expect.stringMatching(message),
      })
    })

    it('where an output is a file that is read, which stays as it is', async () => {
      file('same', '1', '2')
      symlinkSync(path('same'), path('link'))
      const run = runOnFiles(copying(), {
        inputs: { in: ndjson(path('same')) },
        outputs: { out: ndjson(path('link')) },
        config,
      })
      await expect(run).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/outputs\.out would overwrite .*link, which is the file of inputs\.in/),
      })
      expect(linesOf('same')).toEqual(['1', '2'])
    })

    it('where two outputs are one file', async () => {
      const builder = new StreamsBuilder()
      const numbers = builder.stream('in', { key: serdes.string(), value: serdes.json() })
      numbers.to('a')
      numbers.to('b')
      const outputs = { a: ndjson(path('out')), b: ndjson(path('out')) }
      const run = runOnFiles(builder.build(), { inputs: { in: ndjson(file('in', '1')) }, outputs, config })
      await expect(run).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/outputs\.b would overwrite .*out, which is the file of outputs\.a/),
      })
    })

    it.each<[string, { inputs: Record<string, FileInput>; outputs?: Record<string, FileOutput> }, string]>([
      ['a source has no file', { inputs: {} }, 'inputs has no file for source topic "in"'],
      [
        'no source reads a topic',
        { inputs: { in: ndjson('a'), on: ndjson('b') } },
        'no source reads "on", which inputs has a file for; there is "in"',
      ],
      [
        'no sink writes a topic',
        { inputs: { in: ndjson('a') }, outputs: { outs: ndjson('b') } },
        'no sink writes "outs", which outputs has a file for; there is "out"',
      ],
    ])('where %s', async (_, files, message) => {
      // prettier-ignore
      await expect(runOnFiles(copying(), { ...files, config })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(message),
      })
    })

    it('where options are missing', async () => {
      await expect(runOnFiles(copying(), undefined as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    })

    it('where csv-parse is not installed, and says what to install', async () => {
      jest.doMock('csv-parse', () => {
        throw new Error("Cannot find module 'csv-parse'")
      })
      try {
        const run = runOnFiles(copying(), { inputs: { in: csv(file('in.csv', 'a')) }, config })
        await expect(run).rejects.toMatchObject({
          code: 'MISSING_PACKAGE',
          message: expect.stringMatching(/csv-parse is needed to read CSV files.*npm install csv-parse/),
        })
      } finally {
        jest.dontMock('csv-parse')
      }
    })
  })
})
