import { StreamsBuilder } from '../../lib/dsl/streams-builder'
import type { ProcessorContext } from '../../lib/operators/processor'
import * as serdes from '../../lib/serdes'
import type { KeyValueStore, ReadOnlyKeyValueStore, ValueAndTimestamp } from '../../lib/state/store'
import { keyValueStore } from '../../lib/state/stores'
import { versionedKeyValueStore } from '../../lib/state/versioned/versioned-key-value-store'
import { drive, headers, text } from './drive'

const pair = (left: string, right: string | null): string => `${left}+${right}`

describe('a join of a stream with a table', () => {
  const driveJoin = (build: (builder: StreamsBuilder) => void) => {
    const driven = drive(build)
    return { ...driven, table: driven.driver.inputTopic('t', text) }
  }

  it("gives each record the row that its key has now, with the record's time and headers; updates trigger nothing", async () => {
    const { input, table, out } = driveJoin((b) => b.stream('in', text).join(b.table('t', text), pair).to('out', text))
    await input.pipe('k', 'early', 1)
    await table.pipe('k', 'row', 100)
    await input.pipe('k', 'a', { timestamp: 2, headers: headers('h') })
    await table.pipe('k', null as never, 101)
    await input.pipe('k', 'b', 3)
    expect(out()).toEqual(['k=a+row@2 h'])
  })

  it('left: no row is null, and no key has no row; a null value has no result', async () => {
    const { input, out, driver } = driveJoin((b) =>
      b.stream('in', text).leftJoin(b.table('t', text), pair).to('out', text),
    )
    await input.pipe('k', 'a', 1)
    await input.pipe(null as never, 'b', 2)
    await input.pipe('k', null as never, 3)
    expect(out()).toEqual(['k=a+null@1', 'null=b+null@2'])
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('looks through filtered and mapped tables that have no store of their own', async () => {
    const { input, table, out, driver } = driveJoin((b) => {
      const rows = b
        .table('t', text)
        .filter((value) => !value.startsWith('-'))
        .mapValues((value, key) => `${key}:${value}`)
      b.stream('in', text).leftJoin(rows, pair).to('out', text)
    })
    await table.pipe('a', 'x', 1)
    await table.pipe('b', '-x', 1)
    await input.pipe('a', '1', 2)
    await input.pipe('b', '2', 2)
    expect(out()).toEqual(['a=1+a:x@2', 'b=2+null@2'])
    expect(driver.stores().size).toBe(1)
  })
})

describe('a join of a stream with a versioned table', () => {
  const prices = () => versionedKeyValueStore('prices', { ...text, historyRetention: 100 })

  it('gives the row that was valid at the time of the record', async () => {
    const { driver, input, out } = drive((b) =>
      b
        .stream('in', text)
        .leftJoin(b.table('t', text, prices()), pair)
        .to('out', text),
    )
    const table = driver.inputTopic('t', text)
    await table.pipe('k', 'one', 10)
    await table.pipe('k', 'two', 20)
    await input.pipe('k', 'a', 9)
    await input.pipe('k', 'b', 19)
    await input.pipe('k', 'c', 20)
    expect(out()).toEqual(['k=a+null@9', 'k=b+one@19', 'k=c+two@20'])
  })

  it('with a grace waits for late updates of the table; a record that is later than that does not', async () => {
    const { driver, input, out } = drive((b) =>
      b
        .stream('in', text)
        .leftJoin(b.table('t', text, prices()), pair, { name: 'priced', grace: 10 })
        .to('out', text),
    )
    const table = driver.inputTopic('t', text)
    await input.pipe('k', 'a', { timestamp: 20, headers: headers('own') })
    await input.pipe('k', 'b', 15)
    expect(out()).toEqual([])
    await table.pipe('k', 'late', 12)
    await input.pipe('x', 'c', { timestamp: 30, headers: headers('cause') })
    expect(out()).toEqual(['k=b+late@15', 'k=a+late@20 own'])
    await input.pipe('k', 'd', 19)
    expect(out()).toEqual(['k=d+late@19'])
    await input.pipe(null as never, 'e', 30)
    expect(out()).toEqual(['null=e+null@30'])
  })

  it('with a grace drops a waiting record that it fails on, if the handler says so, and gives the ones after it', async () => {
    const failing = (left: string, right: string | null): string => {
      if (left === 'bad') throw new Error('no')
      return pair(left, right)
    }
    const { driver, input, out } = drive(
      (b) =>
        b
          .stream('in', text)
          .leftJoin(b.table('t', text, prices()), failing, { name: 'priced', grace: 10 })
          .to('out', text),
      { processingExceptionHandler: () => 'continue' },
    )
    await input.pipe('k', 'bad', 20)
    await input.pipe('k', 'good', 21)
    await input.pipe('k', 'later', 32)
    expect(out()).toEqual([])
    await input.pipe('k', 'last', 33)
    expect(out()).toEqual(['k=good+null@21'])
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('is refused with a grace longer than the history', () => {
    const build = (historyRetention: number) =>
      drive((b) => {
        const store = versionedKeyValueStore('v', { ...text, historyRetention })
        b.stream('in', text).join(b.table('t', text, store), pair, { name: 'priced', grace: 10 })
      })
    expect(() => build(9)).toThrow(/grace of 10 ms.*for 9 ms only/)
    build(10)
  })

  it.each(['call', 'build'] as const)('with a grace and a table without a history is refused by the %s', (when) => {
    const builder = new StreamsBuilder()
    const table = builder.table('t', text, 'rows')
    const join = () =>
      builder
        .stream('in', text)
        .join(when === 'call' ? table : table.filter(() => true), pair, { name: 'priced', grace: 10 })
    if (when === 'build') join()
    expect(when === 'call' ? join : () => builder.build()).toThrow(/join "priced" has a grace.*versionedKeyValueStore/)
  })
})

describe('a join of a stream with a global table', () => {
  it('finds the row of a key made of the record, which keeps its own; the topic can be written by the topology itself', async () => {
    const { driver, input, out } = drive((b) => {
      const table = b.globalTable('g', text, 'rows')
      const stream = b.stream('in', text)
      stream.filter((value) => value.startsWith('set')).to('g', text)
      stream
        .join(
          table,
          (value) => value,
          (value, row) => `${value}+${row}`,
        )
        .to('out', text)
    })
    await driver.inputTopic('g', text).pipe('x', 'row', 1000)
    await input.pipe('k', 'x', 1)
    await input.pipe(null as never, 'x', 2)
    await input.pipe('set', 'set', 3)
    await input.pipe('k', 'set', 4)
    expect(out()).toEqual(['k=x+row@1', 'null=x+row@2', 'k=set+set@4'])
    expect(driver.store<ReadOnlyKeyValueStore<string, ValueAndTimestamp<string>>>('rows').get('x')).toEqual({
      value: 'row',
      timestamp: 1000,
    })
  })

  it('drops what has no key to look for, where it is no left join', async () => {
    const build = (left: boolean) => (b: StreamsBuilder) => {
      const table = b.globalTable('g', text)
      const stream = b.stream('in', text)
      const nothing = () => null as unknown as string
      const result = left ? stream.leftJoin(table, nothing, pair) : stream.join(table, nothing, pair)
      result.to('out', text)
    }
    const inner = drive(build(false))
    await inner.input.pipe('k', 'v', 1)
    expect(inner.out()).toEqual([])
    expect(inner.driver.recordCounts().dropped).toBe(1)
    const left = drive(build(true))
    await left.input.pipe('k', 'v', 1)
    expect(left.out()).toEqual(['k=v+null@1'])
  })

  it.each(['inner', 'left'])('%s: drops what has no value, without asking for its key', async (kind) => {
    const asked: string[] = []
    const { driver, input, out } = drive((b) => {
      const table = b.globalTable('g', text)
      const stream = b.stream('in', text)
      const keyOf = (value: string) => {
        asked.push(value)
        return value
      }
      const result = kind === 'left' ? stream.leftJoin(table, keyOf, pair) : stream.join(table, keyOf, pair)
      result.to('out', text)
    })
    await driver.inputTopic('g', text).pipe('v', 'row')
    await input.pipe('k', null, 1)
    await input.pipe('k', 'v', 2)
    expect(asked).toEqual(['v'])
    expect(out()).toEqual(['k=v+row@2'])
    expect(driver.recordCounts().dropped).toBe(1)
  })

  it('a global store of the Processor API is read by every processor, and written by its own', async () => {
    const rules = keyValueStore('rules', { ...text, logging: false })
    const { driver, input, out } = drive((b) => {
      b.addGlobalStore(rules, 'g', text, () => {
        let store: KeyValueStore<string, string>
        return {
          init: (context) => void (store = context.stateStore(rules)),
          process: ({ key, value }) => store.put(key, `<${value}>`),
        }
      })
      b.stream('in', text)
        .processValues<string>(() => {
          let store: KeyValueStore<string, string>
          let context: ProcessorContext<string, string>
          return {
            init(given) {
              context = given
              store = given.stateStore(rules)
            },
            process: (record) => context.forward(record.withValue(store.get(record.value) ?? 'none')),
          }
        })
        .to('out', text)
    })
    await driver.inputTopic('g', text).pipe('x', 'rule', 1)
    await input.pipe('k', 'x', 2)
    await input.pipe('k', 'y', 2)
    expect(out()).toEqual(['k=<rule>@2', 'k=none@2'])
  })
})

describe('joins refuse', () => {
  const refused = (build: (builder: StreamsBuilder) => unknown): unknown => {
    try {
      drive(build)
    } catch (error) {
      return error
    }
    throw new Error('nothing was refused')
  }

  it.each([
    [
      'something that is no stream or table',
      (b: StreamsBuilder) => b.stream('a').join('b' as never, pair as never),
      /join needs other to be another KStream, a KTable or a GlobalKTable, and got 'b'/,
    ],
    [
      'an outer join with a table',
      (b: StreamsBuilder) => b.stream('a').outerJoin(b.table('b') as never, pair as never, {} as never),
      /outerJoin needs other to be another KStream, and got a KTable/,
    ],
    [
      'streams without a window',
      (b: StreamsBuilder) => b.stream('a').join(b.stream('b'), pair as never, undefined as never),
      /join needs windows to be a window, such as JoinWindows.of/,
    ],
    [
      'no joiner',
      (b: StreamsBuilder) => b.stream('a').join(b.table('b'), undefined as never),
      /join needs a joiner as a function/,
    ],
    [
      'no key selector',
      (b: StreamsBuilder) => b.stream('a').leftJoin(b.globalTable('b'), undefined as never, pair as never),
      /leftJoin needs a key selector/,
    ],
    [
      'connecting a global store',
      (b: StreamsBuilder) => {
        b.globalTable('g', text, 'rows')
        b.stream('a').process(() => ({ process: () => undefined }), ['rows'])
      },
      /"rows" is a global store: every processor can read it/,
    ],
    [
      'one topic for a global table and a stream',
      (b: StreamsBuilder) => {
        b.globalTable('g', text)
        b.stream('g', text).to('out', text)
      },
      /reads topic "g"/,
    ],
  ])('%s', (_what, build, message) => {
    expect(refused(build)).toMatchObject({ name: 'TopologyError', message: expect.stringMatching(message) })
  })

  it('serdes: joined with another value serde, the stores are written by it', async () => {
    const { driver } = drive((b) => b.globalTable('g', { key: serdes.string(), value: serdes.long() }, 'numbers'))
    await driver.inputTopic('g', { key: serdes.string(), value: serdes.long() }).pipe('k', 7, 1)
    expect(driver.store<ReadOnlyKeyValueStore<string, ValueAndTimestamp<number>>>('numbers').get('k')?.value).toBe(7)
  })
})
