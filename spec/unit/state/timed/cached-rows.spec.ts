import { CachedRows, RowsOfKey } from '../../../../lib/state/timed/cached-rows'
import { NO_SLOT } from '../../../../lib/state/cache/use-order'
import { NO_HEADERS } from '../../../../lib/record/headers'
import { at } from '../../../contract/stores/store-task'
import { randomly } from '../randomly'

interface Row {
  readonly time: number
  readonly second: number
  readonly slot: number
}

test.each([
  ['as windows come and go', 3],
  ['in any order', 1],
])('the rows of two keys are found where lists have them: %s', (_name, oldestFirst) => {
  const random = randomly(oldestFirst)
  const rows = new CachedRows<string>()
  const keys = ['a', 'b'].map((key) => ({ owner: new RowsOfKey(key, rows), list: [] as Row[] }))
  const free: number[] = []
  let used = 0
  for (let step = 0; step < 5000; step++) {
    const { owner, list } = keys[random(2)]!
    // beyond 32 bits, as timestamps are
    const time = 2 ** 40 + random(30)
    const second = random(3)
    const known = list.find((row) => row.time === time && row.second === second)
    expect(owner.find(time, second)).toBe(known?.slot ?? NO_SLOT)
    expect(owner.countBefore(time, second)).toBe(
      list.filter((row) => row.time < time || (row.time === time && row.second < second)).length,
    )
    if (known === undefined && random(2) === 0) {
      const slot = free.pop() ?? used++
      rows.add(slot, owner, time, second)
      rows.update(slot, `${time} ${second}`, time, at(1), null)
      list.push({ time, second, slot })
      list.sort((one, other) => one.time - other.time || one.second - other.second)
    } else if (list.length > 0 && random(3) === 0) {
      const [{ slot }] = list.splice(random(3) < oldestFirst ? 0 : random(list.length), 1) as [Row]
      rows.remove(slot)
      free.push(slot)
    }
    expect(Array.from({ length: owner.size }, (_, i) => owner.at(i))).toEqual(list.map(({ slot }) => slot))
  }
  for (const { owner, list } of keys) {
    for (const { slot, time, second } of list) {
      expect(rows.owner(slot)).toBe(owner)
      expect([rows.value(slot), rows.valueTimestamp(slot)]).toEqual([`${time} ${second}`, time])
    }
  }
})

test('what is taken for a flush has the context of the last update', () => {
  const rows = new CachedRows<string>()
  rows.add(0, new RowsOfKey('key', rows), 7, 8)
  rows.update(0, 'old', 1, at(1), null)
  rows.update(0, 'new', 2, at(2), { rawKey: null, rawValue: Buffer.from('raw') })
  const { context, ...row } = rows.take(0)
  expect(row).toEqual({ key: Buffer.from('key'), time: 7, second: 8, value: 'new', valueTimestamp: 2 })
  expect({ ...context }).toEqual({ ...at(2) })
  expect(rows.context(0)).toMatchObject({ topic: null, headers: NO_HEADERS })
})
