import * as serdes from '../../../lib/serdes'
import type { Serde } from '../../../lib/serdes/serde'
import { shortcutsOf } from '../../../lib/serdes/shortcuts'
import type { StandardSchema, ValidationIssue, ValidationResult } from '../../../lib/serdes/standard-schema'
import { NO_HEADERS } from '../../../lib/record/headers'

interface Order {
  id: string
  items: { price: number }[]
  at: Date
}

const validator = <T>(
  validate: (value: never) => ValidationResult<T> | Promise<ValidationResult<T>>,
): StandardSchema<unknown, T> => ({
  '~standard': { version: 1, vendor: 'test', validate: validate as () => ValidationResult<T> },
})

/** Turns text into a Date, as validators do. */
const orderSchema = validator<Order>(({ id, items, at, ...more }: Record<string, unknown>) => {
  const issues: ValidationIssue[] = []
  if (typeof id !== 'string') issues.push({ message: 'expected text', path: ['id'] })
  for (const [i, item] of ((items ?? []) as { price: unknown }[]).entries()) {
    if (typeof item.price !== 'number') {
      issues.push({ message: 'expected a number', path: [{ key: 'items' }, i, { key: 'price' }] })
    }
  }
  if (Object.keys(more).length > 0) issues.push({ message: 'unknown keys' })
  return issues.length > 0 ? { issues } : { value: { id, items, at: new Date(at as string) } as Order }
})

const write = <T>(serde: Serde<T>, value: T): string => serde.serialize('t', value, NO_HEADERS)!.toString()
const rangeOf = (serde: Serde<unknown>) => (bytes: Buffer, start: number, end: number) =>
  shortcutsOf(serde).readRange!(bytes, start, end, 't')
const read = <T>(serde: Serde<T>, text: string): T => serde.deserialize('t', Buffer.from(text), NO_HEADERS)

describe('json', () => {
  const bytes = Buffer.from('xx{"id":"ä"}yy')

  it('is read from the middle of a buffer, with and without a validator', () => {
    expect(rangeOf(serdes.json())(bytes, 2, bytes.length - 2)).toEqual({ id: 'ä' })
    const checked = serdes.json(orderSchema)
    const order = Buffer.from('xx{"id":"a","items":[],"at":"2026-01-01"}')
    expect(rangeOf(checked)(order, 2, order.length)).toEqual({
      id: 'a',
      items: [],
      at: new Date('2026-01-01'),
    })
    expect(() => rangeOf(checked)(bytes, 2, 4)).toThrow(SyntaxError)
    expect(() => rangeOf(checked)(Buffer.from('xx{"id":1}'), 2, 10)).toThrow('expected text')
  })

  it('tells of the format of a schema registry, wherever it begins', () => {
    const registered = Buffer.from([7, 7, 0, 0, 0, 0, 42, 1, 2])
    const hint = /begins like Confluent's format, with schema 42 /
    expect(() => rangeOf(serdes.json())(registered, 2, registered.length)).toThrow(hint)
    expect(() => serdes.json().deserialize('t', registered.subarray(2), NO_HEADERS)).toThrow(hint)
    expect(() => serdes.json().deserialize('t', registered.subarray(2, 7), NO_HEADERS)).not.toThrow(hint)
  })

  it.each([
    ['a Map', new Map([['a', 1]]), 'a Map: make it a list, as in [...values], or an object'],
    ['a Set', new Set(['a']), 'a Set: make it a list, as in [...values], or an object'],
    ['a promise', Promise.resolve('a'), 'a promise: await it first, as in mapValuesAsync'],
  ])('does not write %s as {}', (_name, value, message) => {
    expect(() => serdes.json<unknown>().serialize('t', value, [])).toThrow(`JSON has no form for ${message}`)
    expect(serdes.json<unknown>().serialize('t', {}, [])!.toString()).toBe('{}')
  })

  it('tells of numbers of 8 bytes', () => {
    const long = serdes.long().serialize('t', 300_000, NO_HEADERS)!
    expect(() => serdes.json().deserialize('t', long, NO_HEADERS)).toThrow('300000 as a long: read it by serdes.long()')
  })
})

describe('json with a validator', () => {
  const serde = serdes.json(orderSchema)

  it('gives what the validator makes of the text, and writes what can be read again', () => {
    const order = { id: 'a', items: [{ price: 1 }], at: new Date(0) }
    const text = write(serde, order)
    expect(text).toBe('{"id":"a","items":[{"price":1}],"at":"1970-01-01T00:00:00.000Z"}')
    expect(read(serde, text)).toEqual(order)
  })

  it('names path and issue of what it refuses, reading and writing', () => {
    const wrong = { id: 5, items: [{ price: 1 }, { price: 'x' }] }
    const message = 'the schema refuses it: at id: expected text; at items[1].price: expected a number'
    expect(() => read(serde, JSON.stringify(wrong))).toThrow(message)
    expect(() => write(serde, wrong as unknown as Order)).toThrow(message)
    expect(() => read(serde, '{"id":"a","more":1}')).toThrow('the schema refuses it: unknown keys')
  })

  it('shows the first issues of many', () => {
    const strict = serdes.json(validator(() => ({ issues: ['a', 'b', 'c', 'd', 'e'].map((message) => ({ message })) })))
    expect(() => read(strict, '1')).toThrow('refuses it: a; b; c; and 2 more')
  })

  it('checks no writes where that is switched off', () => {
    const trusting = serdes.json(orderSchema, { validateWrites: false })
    expect(write(trusting, { id: 5 } as unknown as Order)).toBe('{"id":5}')
  })

  it('refuses a validator that is asynchronous', () => {
    const slow = serdes.json(validator<string>(async () => Promise.reject(new Error('unseen'))))
    expect(() => read(slow, '1')).toThrow(/this test schema validates asynchronously, and serdes are synchronous/)
    expect(() => write(slow, 'x')).toThrow(/asynchronously/)
  })

  it('refuses what is no validator', () => {
    expect(() => serdes.json({ parse: () => 1 } as never)).toThrow(/implements Standard Schema/)
  })

  it('takes validators that are functions', () => {
    const callable = Object.assign(
      () => {},
      validator<number>((value) => ({ value })),
    )
    expect(read(serdes.json(callable), '5')).toBe(5)
  })
})
