import type { StreamsBuilder } from '../../lib/dsl/streams-builder'
import { keyValueStore, timestampedKeyValueStore } from '../../lib/state/stores'
import { drive, text } from './drive'

const extracting = (timestamp: unknown) => (builder: StreamsBuilder) =>
  builder.stream('in', { ...text, name: 'read', timestampExtractor: () => timestamp as number }).to('out', text)

describe('a timestamp extractor', () => {
  it('decides the time of a record', async () => {
    const { input, out } = drive(extracting(7))
    await input.pipe('a', 'x', 1)
    expect(out()).toEqual(['a=x@7'])
  })

  it('has no effect on a global table or store', async () => {
    const seen: number[] = []
    const table = timestampedKeyValueStore('table', text)
    const { driver } = drive((builder) => {
      const consumed = { ...text, timestampExtractor: () => 7 }
      builder.globalTable('in', consumed, table)
      const supplier = () => ({ process: ({ timestamp }: { timestamp: number }) => void seen.push(timestamp) })
      builder.addGlobalStore(keyValueStore('store', text), 'other', consumed, supplier)
    })
    await driver.inputTopic('in', text).pipe('a', 'x', 1)
    await driver.inputTopic('other', text).pipe('a', 'x', 2)
    expect(driver.store(table).get('a')).toEqual({ value: 'x', timestamp: 1 })
    expect(seen).toEqual([2])
  })

  it('of the configuration has no effect on the internal topics of a foreign-key join', async () => {
    const asked: string[] = []
    const { driver, input, out } = drive(
      (builder) => {
        const others = builder.table('others', text)
        const rows = builder.table('in', text)
        const joined = rows.join(
          others,
          (row) => row,
          (row, other) => row + other,
        )
        joined.toStream().to('out', text)
      },
      {
        defaultTimestampExtractor: ({ topic, timestamp }) => {
          asked.push(topic)
          return timestamp + 1_000
        },
      },
    )
    await driver.inputTopic('others', text).pipe('x', 'p', 1)
    await input.pipe('a', 'x', 2)
    expect(out()).toEqual(['a=xp@1002'])
    expect(asked).toEqual(['others', 'in'])
  })

  it.each([
    ['a fraction', 1.5, '1.5'],
    ['no number', NaN, 'NaN'],
    ['a text', '7', "'7'"],
    ['nothing', undefined, 'undefined'],
    ['a time beyond what a number can count', 2 ** 53, '9007199254740992'],
  ])('that returns %s is an error that says where', async (_what, timestamp, shown) => {
    const { input } = drive(extracting(timestamp))
    await expect(input.pipe('a', 'x', 1)).rejects.toMatchObject({
      code: 'INVALID_TIMESTAMP',
      message: expect.stringContaining(`the timestampExtractor of source "read" returned ${shown} at offset 0 of in-0`),
      location: { operator: 'read', topic: 'in', partition: 0, offset: 0 },
    })
  })
})
