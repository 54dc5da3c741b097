import { assertMatches, matching } from '../../../../lib/testing/contracts/kafka/assert-matches'

describe('a partial match', () => {
  it.each([
    [{ a: 1, b: 2 }, { a: 1 }],
    [{ a: { b: [1, { c: 2, d: 3 }] } }, { a: { b: [1, { c: 2 }] } }],
    [{ message: 'no such topic' }, { message: /topic/ }],
    [Object.assign(new Error('no'), { kind: 'fatal' }), { kind: 'fatal' }],
    [5, 5],
  ])('%j has %j', (actual, expected) => {
    assertMatches(actual, expected)
    expect(matching(expected)(actual)).toBe(true)
  })

  it.each([
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { b: undefined, c: 1 }],
    [{ a: [1, 2] }, { a: [1] }],
    [undefined, { a: 1 }],
    [{ message: 'no' }, { message: /topic/ }],
    [{ cause: new Error('a') }, { cause: new Error('b') }],
  ])('%j does not have %j', (actual, expected) => {
    expect(() => assertMatches(actual, expected)).toThrow()
  })
})
