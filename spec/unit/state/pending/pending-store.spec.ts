import type { RecordContext } from '../../../../lib/record/record-context'
import * as serdes from '../../../../lib/serdes'
import { decodePending, encodePending, type PendingEntry } from '../../../../lib/state/pending/pending-entry'
import { LoggedPendingStore } from '../../../../lib/state/pending/pending-store'
import type { ChangelogRecord, StateStoreContext } from '../../../../lib/state/store'

const context: RecordContext = {
  topic: 'in',
  partition: 3,
  offset: 2 ** 40,
  timestamp: 1_700_000_000_000,
  headers: [
    ['source', Buffer.from('web')],
    ['source', null],
  ],
}
const NO_SOURCE = { rawKey: null, rawValue: null }

describe('an entry of a pending store', () => {
  const bytes = (text: string): Buffer => Buffer.from(text)
  const punctuation: RecordContext = { topic: null, partition: -1, offset: -1, timestamp: 5, headers: [] }

  test.each<[string, PendingEntry]>([
    [
      'with other original bytes',
      {
        sequence: 2 ** 40,
        key: bytes('k'),
        value: bytes('v'),
        context,
        source: { rawKey: null, rawValue: bytes('V') },
      },
    ],
    [
      'with its own as original bytes',
      {
        sequence: 2 ** 40,
        key: bytes('k'),
        value: bytes('v'),
        context,
        source: { rawKey: bytes('k'), rawValue: bytes('v') },
      },
    ],
    ['without original bytes', { sequence: 2 ** 40, key: bytes('k'), value: bytes('v'), context, source: NO_SOURCE }],
    ['without key and value', { sequence: 0, key: null, value: null, context, source: NO_SOURCE }],
    ['of a punctuation', { sequence: 1, key: bytes(''), value: bytes(''), context: punctuation, source: NO_SOURCE }],
  ])('is the same when it is read again: %s', (_name, entry) => {
    expect(decodePending(encodePending(entry))).toEqual(entry)
  })

  it('has its original bytes once, if they are its own', () => {
    const value = bytes('v'.repeat(1000))
    const entry = { sequence: 0, key: null, value, context, source: { rawKey: null, rawValue: Buffer.from(value) } }
    expect(encodePending(entry).length).toBeLessThan(1200)
  })

  it('of a version that is not known is an error', () => {
    expect(() => decodePending(Buffer.of(0, 0, 0, 2))).toThrow('pending records of version 2 are not known')
  })
})

describe('a pending store', () => {
  let log: { key: Buffer; value: Buffer | null }[]
  beforeEach(() => {
    log = []
  })
  const open = (): LoggedPendingStore<string, string> => {
    const store = new LoggedPendingStore<string, string>('look-up-pending', 'changelog', {
      operator: 'look-up',
      key: serdes.string(),
      value: serdes.string(),
    })
    store.init({
      prepare: () => {},
      logChange: (_topic: string, key: Buffer, value: Buffer | null) => log.push({ key, value }),
    } as unknown as StateStoreContext)
    return store
  }

  it('refills an empty changelog from which the same records are restored', async () => {
    const store = open()
    store.add('a', 'x', context, NO_SOURCE)
    store.remove(store.add('b', 'y', context, NO_SOURCE).sequence)
    store.add('c', 'z', context, { rawKey: Buffer.from('C'), rawValue: null })
    const records: ChangelogRecord[] = []
    for await (const record of store.changelogRecords()) records.push(record)
    const copy = open()
    for (const record of records) copy.restore(record)
    expect(copy.restored()).toEqual(store.restored())
    expect([copy.records, copy.bytes]).toEqual([store.records, store.bytes])
    expect(copy.add('d', 'new', context, NO_SOURCE).sequence).toBe(3)
  })

  it('writes what its operator has noted behind the records, where it has changed, and restores it', async () => {
    const store = open()
    store.setMark(Buffer.from('first'))
    store.add('a', 'x', context, NO_SOURCE)
    store.log(true)
    store.setMark(Buffer.from('first'))
    store.log(true)
    expect(log.map(({ key }) => key.readInt32BE())).toEqual([0, -1])
    store.setMark(Buffer.from('second'))
    store.log(true)
    const copy = open()
    for (const { key, value } of log) copy.restore({ key, value, timestamp: 0 })
    expect(String(copy.mark)).toBe('second')
    const refilled = open()
    for await (const record of copy.changelogRecords()) refilled.restore(record)
    expect(refilled.mark).toEqual(copy.mark)
    expect(refilled.restored()).toEqual(copy.restored())
  })

  it('restores in the order in which records came, whatever order they were logged in', () => {
    const store = open()
    for (const value of ['x', 'y', 'z']) store.add('a', value, context, NO_SOURCE)
    store.log(true)
    const copy = open()
    for (const { key, value } of log.reverse()) copy.restore({ key, value, timestamp: 0 })
    expect(copy.restored().map(({ value }) => value)).toEqual(['x', 'y', 'z'])
  })

  it('holds more records than a call can have arguments', async () => {
    const store = open()
    const count = 200_000
    for (let i = 0; i < count; i++) store.add('a', 'x', context, NO_SOURCE)
    store.log(true)
    let refilled = 0
    for await (const _ of store.changelogRecords()) refilled++
    expect(refilled).toBe(count)
    for (let i = 0; i < count; i++) store.remove(i)
    store.log(true)
    expect([store.records, log.length]).toEqual([0, 2 * count])
  })

  it('frees the slots that its changelog no longer has', () => {
    const store = open()
    const held = ['v', 'w', 'x', 'y', 'z'].map((value) => store.add('a', value, context, NO_SOURCE).sequence)
    store.log(true)
    for (const sequence of [0, 2]) store.remove(held[sequence]!)
    store.log(true)
    const copy = open()
    for (const { key, value } of log.splice(0)) copy.restore({ key, value, timestamp: 0 })
    expect(copy.restored().map(({ value }) => value)).toEqual(['w', 'y', 'z'])
    for (const value of ['1', '2', '3']) copy.add('a', value, context, NO_SOURCE)
    copy.log(true)
    expect(log.map(({ key }) => key.readInt32BE()).sort()).toEqual([0, 2, 5])
    const again = open()
    for (const { key, value } of log) again.restore({ key, value, timestamp: 0 })
    expect(again.restored().map(({ value }) => value)).toEqual(['1', '2', '3'])
  })

  it('gives records the slots that its changelog has them in', async () => {
    const store = open()
    const held = ['x', 'y', 'z'].map((value) => store.add('a', value, context, NO_SOURCE).sequence)
    store.log(true)
    store.remove(held[1]!)
    store.log(true)
    const copy = open()
    for (const { key, value } of log) copy.restore({ key, value, timestamp: 0 })
    for (const isOpen of [false, true]) {
      if (isOpen) copy.restored()
      const slots = new Map<number, string>()
      for await (const { key, value } of copy.changelogRecords()) {
        slots.set(key.readInt32BE(), String(decodePending(value!).value))
      }
      expect([...slots]).toEqual([
        [0, 'x'],
        [2, 'z'],
      ])
    }
  })

  it('counts nothing when everything is removed', () => {
    const store = open()
    const { sequence } = store.add('a', 'x', context, NO_SOURCE)
    expect(store.bytes).toBeGreaterThan(0)
    store.remove(sequence)
    expect([store.records, store.bytes]).toEqual([0, 0])
  })

  it('copies bytes that others can still change', () => {
    const store = new LoggedPendingStore<Buffer, Buffer>('p', 'changelog', {
      operator: 'look-up',
      key: serdes.bytes(),
      value: serdes.bytes(),
    })
    store.init({
      prepare: () => {},
      logChange: (_topic: string, key: Buffer, value: Buffer | null) => log.push({ key, value }),
    } as unknown as StateStoreContext)
    const value = Buffer.from('before')
    store.add(Buffer.from('k'), value, context, NO_SOURCE)
    value.fill('x')
    store.log(true)
    expect(decodePending(log[0]!.value!).value!.toString()).toBe('before')
  })

  it('names itself and its changelog when a record of it is not one of its own', () => {
    expect(() => open().restore({ key: Buffer.from('k'), value: null, timestamp: 0 })).toThrow(
      "store 'look-up-pending' can't read a record of its changelog changelog",
    )
  })

  it('is not available once closed', () => {
    const store = open()
    store.close()
    expect(() => store.add('a', 'x', context, NO_SOURCE)).toThrow(
      expect.objectContaining({ code: 'STORE_NOT_AVAILABLE' }),
    )
  })
})
