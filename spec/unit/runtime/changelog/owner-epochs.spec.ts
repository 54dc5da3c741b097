import type { RecordHeaders } from '../../../../lib/record/headers'
import { EPOCH_HEADER, OwnerEpoch, OwnerEpochs } from '../../../../lib/runtime/changelog/owner-epochs'
import { bytesOf } from '../../../../lib/bytes/byte-string'

const KEY = 'app-counts-changelog-0'
const NO_OWNER = new Map<string, number>()

interface Write {
  readonly key: string
  /** −1: in a transaction */
  readonly producer: number
  readonly headers: RecordHeaders
}

const write = (key: string, producer: number, headers: RecordHeaders = []): Write => ({ key, producer, headers })

/** The keys of the writes that are applied. */
const applied = (epoch: OwnerEpoch, log: readonly Write[], from = 0): string[] =>
  log.flatMap(({ key, producer, headers }, i) =>
    epoch.accepts({ headers: () => headers, producerId: producer, offset: from + i }, Buffer.from(key)) ? key : [],
  )

/** The headers of an owner that has read this log. */
const ownerAfter = (log: readonly Write[], now = 0): RecordHeaders => {
  const epoch = new OwnerEpoch(KEY, NO_OWNER)
  applied(epoch, log)
  epoch.claim(now)
  return epoch.headers
}

const staleKeys = (epoch: OwnerEpoch): string[] => [...(epoch.stale?.keys ?? [])].map((key) => String(bytesOf(key)))

describe('the owners of a changelog', () => {
  const FIRST = [write('a', 1), write('b', 1)]
  const second = ownerAfter(FIRST)
  const third = ownerAfter([...FIRST, write('b', 2, second)])

  it('write no header while there was only one, and one short header after that', () => {
    expect(new OwnerEpoch(KEY, NO_OWNER).headers).toEqual([])
    expect(second).toEqual([[EPOCH_HEADER, Buffer.from('000000010000000000000001', 'hex')]])
    expect(third).toEqual([[EPOCH_HEADER, Buffer.from('000000020000000000000001', 'hex')]])
  })

  it.each<[string, Write[], string[], string[]]>([
    ['of one owner', FIRST, ['a', 'b'], []],
    [
      'of owners one after the other',
      [...FIRST, write('c', 2, second), write('d', 3, third)],
      ['a', 'b', 'c', 'd'],
      [],
    ],
    [
      'of the first owner behind the second',
      [...FIRST, write('c', 2, second), write('a!', 1)],
      ['a', 'b', 'c'],
      ['a!'],
    ],
    ['of the first owner behind the third', [...FIRST, write('c', 3, third), write('a!', 1)], ['a', 'b', 'c'], ['a!']],
    [
      'of the second owner behind the third',
      [...FIRST, write('c', 2, second), write('d', 3, third), write('c!', 2, second), write('e', 3, third)],
      ['a', 'b', 'c', 'd', 'e'],
      ['c!'],
    ],
    [
      'that are written again later',
      [...FIRST, write('c', 2, second), write('c', 1), write('c', 2, second)],
      ['a', 'b', 'c', 'c'],
      [],
    ],
    ['of which compaction has left only the later owner', [write('c', 2, second), write('a!', 1)], ['c'], ['a!']],
    ['of Java', [write('a', 5), write('b', 6), write('a', 5), write('c', -1)], ['a', 'b', 'a', 'c'], []],
    [
      'of Java after owners with epochs',
      [...FIRST, write('c', 3, third), write('d', 7), write('e', -1), write('f', 8), write('g', 7)],
      ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
      [],
    ],
    [
      'in transactions',
      [write('a', -1), write('b', 4, ownerAfter([write('a', -1)])), write('c', -1)],
      ['a', 'b', 'c'],
      [],
    ],
    [
      'with headers of the store',
      [write('a', 1, [['v', Buffer.of(3)]]), write('b', 2, second), write('c!', 1, [['v', Buffer.of(3)]])],
      ['a', 'b'],
      ['c!'],
    ],
  ])('a log with writes %s', (_what, log, expected, stale) => {
    const epoch = new OwnerEpoch(KEY, NO_OWNER)
    expect(applied(epoch, log)).toEqual(expected)
    expect(staleKeys(epoch)).toEqual(stale)
  })

  it('are the same in a replay that resumes after a restart, wherever it was interrupted', () => {
    const log = [
      ...FIRST,
      write('c', 2, second),
      write('a!', 1),
      write('d', 3, third),
      write('c!', 2, second),
      write('b!', 1),
    ]
    for (let at = 0; at <= log.length; at++) {
      const before = new OwnerEpoch(KEY, NO_OWNER)
      const first = applied(before, log.slice(0, at))
      const next = before.replayed(at)
      const after = new OwnerEpoch(KEY, new Map(before.numbers(KEY)))
      expect([...new Set([...first, ...applied(after, log.slice(next), next)])]).toEqual(['a', 'b', 'c', 'd'])
      expect(staleKeys(after)).toEqual(expect.arrayContaining(['a!', 'c!', 'b!']))
      after.claim(0)
      expect(after.headers).toEqual([[EPOCH_HEADER, Buffer.from('000000030000000000000001', 'hex')]])
    }
  })

  it('are not stale for local state that knows higher epochs than the log does, after compaction or retention', () => {
    const hour = 3_600_000
    const kept = new OwnerEpoch(KEY, NO_OWNER)
    applied(kept, [...FIRST, write('c', 2, second), write('d', 3, third)])
    kept.claim(7 * hour)
    kept.claim(7 * hour)
    // Java or transactions have written all keys since then
    const log = [write('a', 9), write('b', -1)]
    const fresh = ownerAfter(log, 8 * hour)
    const again = new OwnerEpoch(KEY, new Map(kept.numbers(KEY)))
    expect(applied(again, [...log, write('a', 10, fresh), write('b', 10, fresh)], 4)).toEqual(['a', 'b', 'a', 'b'])
    expect(again.stale).toBeUndefined()
  })

  it('claim epochs that fit their bytes, whatever the clock says', () => {
    const epoch = new OwnerEpoch(KEY, NO_OWNER)
    epoch.claim(Number.MAX_SAFE_INTEGER)
    epoch.claim(Number.MAX_SAFE_INTEGER)
    expect(epoch.headers).toEqual([[EPOCH_HEADER, Buffer.from('ffffffff', 'hex')]])
  })

  it('are unknown after a refill that had nothing to write', () => {
    const kept = new OwnerEpoch(KEY, NO_OWNER)
    applied(kept, [...FIRST, write('c', 2, second), write('d', 3, third)])
    kept.claim()
    kept.refilled(0)
    const again = new OwnerEpoch(KEY, new Map(kept.numbers(KEY)))
    expect(applied(again, [write('a', 1), write('b', 4, ownerAfter([write('a', 1)]))])).toEqual(['a', 'b'])
  })

  it('are told apart as before when stale writes that were not repaired are replayed again', () => {
    const log = [
      ...FIRST,
      write('c', 2, second),
      write('a!', 1),
      write('x', 9),
      write('x', 2, second),
      write('y', 3, third),
    ]
    const before = new OwnerEpoch(KEY, NO_OWNER)
    expect(applied(before, log)).toEqual(['a', 'b', 'c', 'x', 'x', 'y'])
    const next = before.replayed(log.length)
    const after = new OwnerEpoch(KEY, new Map(before.numbers(KEY)))
    expect(applied(after, log.slice(next), next)).toEqual(['x', 'x', 'y'])
    expect(staleKeys(after)).toEqual(['a!'])
  })

  it('count as replayed up to the first stale write, until that is repaired', () => {
    const epoch = new OwnerEpoch(KEY, NO_OWNER)
    applied(epoch, [...FIRST, write('c', 2, second), write('a!', 1), write('c', 2, second)])
    expect(epoch.replayed(5)).toBe(3)
    epoch.repaired()
    expect(epoch.replayed(5)).toBe(5)
  })

  it('keep nothing with the position while there was only one', () => {
    const changelog = { topic: 'app-counts-changelog', partition: 0 }
    const epochs = new OwnerEpochs([changelog], NO_OWNER)
    const headers: RecordHeaders = [['v', Buffer.of(3)]]
    expect(epochs.addTo(new Map([[KEY, 7]]))).toEqual(new Map([[KEY, 7]]))
    expect([epochs.headersFor(changelog.topic, []), epochs.headersFor(changelog.topic, headers)]).toEqual([[], headers])
    epochs.claim(0)
    expect(epochs.addTo(new Map([[KEY, 7]])).get(`${KEY}#epoch`)).toBe(1)
    const own = [EPOCH_HEADER, Buffer.from('00000001', 'hex')]
    expect([epochs.headersFor(changelog.topic, []), epochs.headersFor(changelog.topic, headers)]).toEqual([
      [own],
      [...headers, own],
    ])
  })
})
