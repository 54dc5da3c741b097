import { ForeignKeyBytes } from '../../../../lib/serdes/foreign-key/foreign-key-bytes'
import { responseSerde, subscriptionSerde } from '../../../../lib/serdes/foreign-key/foreign-key-serdes'
import { string } from '../../../../lib/serdes'
import type { Serde } from '../../../../lib/serdes/serde'
import { shortcutsOf } from '../../../../lib/serdes/shortcuts'
import { NO_HEADERS } from '../../../../lib/record/headers'

const text = string() as Serde<unknown>
const app = { applicationId: 'app', defaultKeySerde: text, defaultValueSerde: text }
const subscriptions = subscriptionSerde<string>({ topic: 'fk' }).completed(app)
const responses = responseSerde<string>({ topic: 'fk' }).completed(app)
const hash = Buffer.from('d34c7739b37d321bef316e91a0a3c438', 'hex')

// the bytes are Kafka Streams'
describe('a subscription', () => {
  const cases = [
    [
      { instruction: 'answer', hash, primaryKey: 'P', primaryPartition: 0 },
      '0102d34c7739b37d321bef316e91a0a3c4385000000000',
    ],
    [{ instruction: 'unsubscribe', hash: null, primaryKey: 'P', primaryPartition: 0 }, '81005000000000'],
    // before Kafka Streams 3.4
    [
      { instruction: 'answer if present', hash, primaryKey: 'P', primaryPartition: null },
      '0003d34c7739b37d321bef316e91a0a3c43850',
    ],
  ] as const

  it.each(cases)('%j', (subscription, hex) => {
    expect(subscriptions.serialize('', subscription, NO_HEADERS)!.toString('hex')).toBe(hex)
    expect(subscriptions.deserialize('', Buffer.from(hex, 'hex'), NO_HEADERS)).toEqual(subscription)
  })

  it.each([['020250'], ['01'], ['0102d34c'], ['810050']])('of unknown form is refused: %s', (hex) => {
    expect(() => subscriptions.deserialize('', Buffer.from(hex, 'hex'), NO_HEADERS)).toThrow()
  })
})

describe('a response', () => {
  it.each([
    [{ hash, foreignValue: 'rv' }, '00d34c7739b37d321bef316e91a0a3c4387276'],
    [{ hash: null, foreignValue: null }, '80'],
    [{ hash, foreignValue: null }, '00d34c7739b37d321bef316e91a0a3c438'],
  ])('%j', (response, hex) => {
    const whole = { ...response, primaryPartition: null }
    expect(responses.serialize('t', { ...whole, primaryPartition: 3 }, NO_HEADERS)!.toString('hex')).toBe(hex)
    expect(responses.deserialize('t', Buffer.from(hex, 'hex'), NO_HEADERS)).toEqual(whole)
  })

  it.each([['01'], ['00d34c']])('of unknown form is refused: %s', (hex) => {
    expect(() => responses.deserialize('t', Buffer.from(hex, 'hex'), NO_HEADERS)).toThrow()
  })
})

describe('in the middle of other bytes', () => {
  /** What is read there, once the memory is used for something else. */
  const readFrom = (serde: Serde<unknown>, hex: string): unknown => {
    const memory = Buffer.from(`81ff${hex}ff`, 'hex')
    const read = shortcutsOf(serde).readRange!(memory, 2, memory.length - 1, 't')
    memory.fill(0xee)
    return read
  }

  it('subscriptions and responses are read as alone', () => {
    expect(readFrom(subscriptions, '0102d34c7739b37d321bef316e91a0a3c4385000000000')).toEqual({
      instruction: 'answer',
      hash,
      primaryKey: 'P',
      primaryPartition: 0,
    })
    const response = { hash, foreignValue: 'rv', primaryPartition: null }
    expect(readFrom(responses, '00d34c7739b37d321bef316e91a0a3c4387276')).toEqual(response)
    expect(readFrom(responses, '80')).toEqual({ hash: null, foreignValue: null, primaryPartition: null })
    expect(() => readFrom(responses, '00d34c')).toThrow('3 bytes')
  })

  it('responses whose serde may look at headers are not', () => {
    const own = responseSerde({ topic: 'fk', foreignValue: { ...text } }).completed(app)
    expect(shortcutsOf(own).readRange).toBeUndefined()
  })
})

test('serdes are told topics of their own, so that a schema registry keeps keys and hashed values apart', async () => {
  const topics: string[] = []
  const prepared: string[] = []
  const spy: Serde<unknown> = {
    ...text,
    serialize: (topic, value, headers) => {
      topics.push(topic)
      return text.serialize(topic, value, headers)
    },
    prepare: async (topic) => void prepared.push(topic),
  }
  const bytes = new ForeignKeyBytes({ topic: 'fk-topic', key: spy, value: spy, foreignKey: spy }, app)
  bytes.primaryKey('p')
  bytes.foreignKey('f')
  bytes.hash('v')
  await subscriptionSerde({ topic: 'fk-topic', key: spy, value: spy, foreignKey: spy }).completed(app).prepare!(
    '',
    'sink',
  )
  expect(topics).toEqual(['app-fk-topic-pk', 'app-fk-topic-fk', 'app-fk-topic-vh'])
  expect(prepared).toEqual(topics)
})

describe('the bytes of a foreign-key join', () => {
  const long = 'a long text '.repeat(200)

  test.each([
    ['ab', 'cd'],
    ['', 'a'],
    ['é', 'ab'],
    [long, `${long}b`],
    [`b${long}`, `a${long}`],
  ])('foreign keys %j and %j differ, and equal themselves', (a, b) => {
    const bytes = new ForeignKeyBytes({ topic: 'fk' }, app)
    expect([bytes.areEqualForeignKeys(a, b), bytes.areEqualForeignKeys(a, a)]).toEqual([false, true])
  })

  test('a hash stays what it was when others are computed', () => {
    const bytes = new ForeignKeyBytes({ topic: 'fk' }, app)
    const first = bytes.hash('F:1')
    bytes.hash('F:2')
    expect(first).toEqual(hash)
  })

  test('a serde that returns null is named', () => {
    const nothing = { ...text, serialize: () => null }
    const bytes = new ForeignKeyBytes({ topic: 'fk', key: nothing, value: nothing, foreignKey: nothing }, app)
    expect(() => bytes.primaryKey('p')).toThrow('the serde of the primary key of a foreign-key join returned null')
    expect(() => bytes.embeddedPrimaryKey('p', 1, 1)).toThrow('primary key')
    expect(() => bytes.foreignKey('f')).toThrow('foreign key')
    expect(() => bytes.hash('v')).toThrow('value')
  })
})
