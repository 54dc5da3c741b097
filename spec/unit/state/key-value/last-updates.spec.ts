import type { HeldBytes } from '../../../../lib/record/held-record-context'
import { HeldRecordContext } from '../../../../lib/record/held-record-context'
import { NO_HEADERS, type RecordHeaders } from '../../../../lib/record/headers'
import { LastUpdates } from '../../../../lib/state/key-value/last-updates'

const contextOf = (offset: number, headers: RecordHeaders = NO_HEADERS, topic: string | null = 'orders') => ({
  topic,
  partition: 3,
  offset,
  timestamp: 1_700_000_000_000 + offset,
  headers,
})
const held: HeldBytes = { rawKey: Buffer.from('k'), rawValue: null }

const withSlots = (count: number): LastUpdates<string> => {
  const updates = new LastUpdates<string>()
  for (let slot = 0; slot < count; slot++) updates.add(slot)
  return updates
}

describe('LastUpdates', () => {
  it('keeps the value and the record of the last update of each of many slots', () => {
    const updates = withSlots(100)
    for (const round of [0, 1000]) {
      for (let slot = 0; slot < 100; slot++) {
        updates.setValue(slot, `value ${round + slot}`, round + slot)
        updates.updatedBy(slot, contextOf(round + slot), null)
      }
    }
    for (let slot = 0; slot < 100; slot++) {
      expect([updates.value(slot), updates.valueTimestamp(slot)]).toEqual([`value ${1000 + slot}`, 1000 + slot])
      expect({ ...updates.takeContext(slot) }).toEqual(contextOf(1000 + slot))
    }
  })

  it('starts without a value in a slot that is used again', () => {
    const updates = withSlots(1)
    updates.setValue(0, 'old', 5)
    updates.updatedBy(0, contextOf(1, [['trace', Buffer.from('x')]]), held)
    updates.remove(0)
    updates.add(0)
    expect([updates.value(0), updates.valueTimestamp(0), updates.topic(0), updates.headers(0)]).toEqual([
      null,
      -1,
      '',
      [],
    ])
    expect(HeldRecordContext.bytesOf(updates.takeContext(0))).toBeNull()
  })

  it('keeps headers and bytes of the slots that have some, until their next update', () => {
    const updates = withSlots(3)
    const headers: RecordHeaders = [['trace', Buffer.from('x')]]
    updates.updatedBy(0, contextOf(1, headers), held)
    updates.updatedBy(1, contextOf(2), null)
    updates.updatedBy(2, contextOf(3, headers), held)
    updates.updatedBy(2, contextOf(4), null)
    expect([0, 1, 2].map((slot) => updates.headers(slot).length)).toEqual([1, 0, 0])
    const [first, second, third] = [0, 1, 2].map((slot) => updates.takeContext(slot))
    expect([first, second, third].map((context) => HeldRecordContext.bytesOf(context!))).toEqual([held, null, null])
    expect(first!.headers).toEqual(headers)
    expect(third!.headers).toEqual([])
  })

  it('keeps that a record has no topic: a punctuation', () => {
    const updates = withSlots(1)
    updates.updatedBy(0, contextOf(-1, NO_HEADERS, null), null)
    expect(updates.topic(0)).toBeNull()
    expect(updates.takeContext(0).topic).toBeNull()
  })
})
