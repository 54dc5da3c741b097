import type { Processor, ProcessorContext } from '../../lib/operators/processor'
import * as serdes from '../../lib/serdes'
import { TimeWindows } from '../../lib/dsl/windows/time-windows'
import type { KeyValueStore, TimestampedKeyValueStore, WindowStore } from '../../lib/state/store'
import { windowStore } from '../../lib/state/window/window-stores'
import { keyValueStore, timestampedKeyValueStore } from '../../lib/state/stores'
import { TopologyTestDriver } from '../../lib/testing'
import { Topology } from '../../lib/topology/topology'
import { silentLogger } from '../../lib/observe/logger'
import { counted, drive, text } from './drive'
import type { StreamRecord } from '../../lib/record/stream-record'

const counts = keyValueStore('counts', counted)

class Look implements Processor<string, string, string, number | null> {
  protected store!: KeyValueStore<string, number>
  protected context!: ProcessorContext<string, number | null>

  init(context: ProcessorContext<string, number | null>): void {
    this.context = context
    this.store = context.stateStore(counts)
  }

  process(record: StreamRecord<string, string>): void {
    this.context.forward(record.withValue(this.store.get(record.key)))
  }
}

class Write extends Look {
  override process({ key }: StreamRecord<string, string>): void {
    this.store.put(key, 0)
  }
}

describe('a table kept by a plain handle', () => {
  it('shows plain values to processors and to the test driver', async () => {
    const { driver, input, out } = drive((b) => {
      b.stream('in', text).groupByKey().count(counts)
      b.stream('asked', text)
        .process(() => new Look(), [counts])
        .to('out', counted)
    })
    await input.pipe('k', 'x', 1)
    await input.pipe('k', 'x', 2)
    await driver.inputTopic('asked', text).pipe('k', '?', 3)
    expect(out('out', serdes.long() as never)).toEqual(['k=2@3'])
    expect(driver.store(counts).get('k')).toBe(2)
  })

  it('shows by its name what it shows by the handle', async () => {
    const perHour = windowStore('per-hour', { ...counted, retention: '1d', windowSize: '1h' })
    const latest = timestampedKeyValueStore('latest', text)
    const names = keyValueStore('names', text)
    const { driver, input } = drive((b) => {
      const grouped = b.stream('in', text).groupByKey()
      grouped.count(counts)
      grouped.count('by-name')
      grouped.reduce((_, last) => last, latest)
      grouped.windowedBy(TimeWindows.of({ size: '1h' })).count(perHour)
      b.globalTable('names', text, names)
    })
    await driver.inputTopic('names', text).pipe('k', 'Kay')
    await input.pipe('k', 'x', 1)
    expect(driver.store<KeyValueStore<string, number>>('counts').get('k')).toBe(1)
    expect(driver.store<WindowStore<string, number>>('per-hour').fetch('k', 0)).toBe(1)
    expect(driver.store<KeyValueStore<string, string>>('names').get('k')).toBe('Kay')
    expect(driver.store<TimestampedKeyValueStore<string, string>>('latest').get('k')).toEqual({
      value: 'x',
      timestamp: 1,
    })
    expect(driver.store<TimestampedKeyValueStore<string, number>>('by-name').get('k')).toEqual({
      value: 1,
      timestamp: 1,
    })
  })

  it('is written by the table alone', async () => {
    const { driver } = drive((b) => {
      b.stream('in', text).groupByKey().count(counts)
      b.stream('asked', text).process(() => new Write(), [counts])
    })
    await expect(driver.inputTopic('asked', text).pipe('k', '?', 3)).rejects.toMatchObject({ code: 'ILLEGAL_STATE' })
  })
})

describe('a read-only store', () => {
  it('is filled from its topic, which is its changelog', async () => {
    const rates = keyValueStore('rates', text)
    const topology = new Topology()
      .addReadOnlyStateStore(
        rates,
        'rates-source',
        'rates',
        'rates-writer',
        () => {
          let store: KeyValueStore<string, string>
          return {
            init: (context) => void (store = context.stateStore(rates)),
            process: ({ key, value }: StreamRecord<string, string>) => store.put(key, value),
          }
        },
        text,
      )
      .addSource('in', 'in', text)
      .addProcessor<string, string, string, string>(
        'lookup',
        () => {
          let context: ProcessorContext<string, string>
          return {
            init: (own) => void (context = own),
            process: (record) =>
              context.forward(record.withValue(`${record.value}*${context.stateStore(rates).get(record.key)}`)),
          }
        },
        'in',
        'rates',
      )
      .addSink('out', 'out', 'lookup', text)
    const driver = new TopologyTestDriver(topology, { applicationId: 'app', logger: silentLogger })
    try {
      await driver.inputTopic('rates', text).pipe('EUR', '1.1', 1)
      await driver.inputTopic('in', text).pipe('EUR', '5', 2)
      expect(driver.outputTopic('out', text).readKeyValues()).toEqual([['EUR', '5*1.1']])
      expect(driver.produced().map(({ topic }) => topic)).toEqual(['out'])
    } finally {
      await driver.close()
    }
  })
})
