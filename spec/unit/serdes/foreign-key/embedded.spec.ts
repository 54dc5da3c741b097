import { NO_HEADERS } from '../../../../lib/record/headers'
import { json, string } from '../../../../lib/serdes'
import { Embedded } from '../../../../lib/serdes/foreign-key/embedded'
import type { Serde } from '../../../../lib/serdes/serde'

const texts = ['', 'key', 'Zürich', '€ 5', '😀'.repeat(40), 'long '.repeat(500), 'lone \ud800 surrogate']
const cases: readonly (readonly [string, Serde<unknown>, unknown])[] = [
  ...texts.map((text) => ['a text', string() as Serde<unknown>, text] as const),
  ['JSON', json() as Serde<unknown>, { city: 'Zürich' }],
]

test.each(cases)('%s has its bytes between those of something else, and is read from there', (_what, serde, value) => {
  const embedded = new Embedded(serde)
  const alone = serde.serialize('t', value, NO_HEADERS)!
  const whole = embedded.serialize('t', value, 3, 2)!
  const end = whole.length - 2
  expect(whole.subarray(3, end)).toEqual(alone)
  expect(embedded.deserialize('t', whole, 3, end)).toEqual(serde.deserialize('t', alone, NO_HEADERS))
})

test('a serde that returns null has no bytes', () => {
  const nothing = { serialize: () => null, deserialize: () => null } as unknown as Serde<unknown>
  expect(new Embedded(nothing).serialize('t', 'value', 3, 2)).toBeNull()
})
