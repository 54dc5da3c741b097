import { validateName } from '../../../../lib/topology/naming/names'
import { matchesTopic, readsTopic } from '../../../../lib/topology/topic-pattern'

describe('names', () => {
  test.each(['a', 'A.b_c-9', 'x'.repeat(249), '...'])('%s is valid', (name) =>
    expect(validateName(name, 'it')).toBe(name),
  )

  test.each([
    ['', 'empty'],
    ['.', 'must not be'],
    ['..', 'must not be'],
    ['x'.repeat(250), '250 characters'],
    ['a/b', 'letters, digits'],
    ['a b', 'letters, digits'],
    ['ä', 'letters, digits'],
    ['a\n', 'letters, digits'],
    [7 as unknown as string, 'not a string'],
  ])('%j is not: %s', (name, problem) => {
    expect(() => validateName(name, 'the store name')).toThrow(
      expect.objectContaining({ code: 'INVALID_NAME', message: expect.stringContaining(problem) }),
    )
  })
})

describe('topic patterns', () => {
  test('match whole names', () => {
    expect(matchesTopic(/logs-[a-z]+/, 'logs-web')).toBe(true)
    expect(matchesTopic(/logs-[a-z]+/, 'my-logs-web')).toBe(false)
    expect(matchesTopic(/logs-[a-z]+/, 'logs-web2')).toBe(false)
    expect(matchesTopic(/a|b/, 'ab')).toBe(false)
  })

  test('keep their flags, and no position', () => {
    const pattern = /LOGS/gi
    expect([matchesTopic(pattern, 'logs'), matchesTopic(pattern, 'logs')]).toEqual([true, true])
  })

  test('are read beside named topics, which may have another name in Kafka', () => {
    expect([readsTopic(/logs-.*/, 'logs-web'), readsTopic(/logs/, 'logs-web')]).toEqual([true, false])
    expect([readsTopic(['a', 'b'], 'b'), readsTopic(['a', 'b'], 'c')]).toEqual([true, false])
    const inKafka = (name: string): string => `app-${name}`
    expect([readsTopic(['a'], 'app-a', inKafka), readsTopic(['a'], 'a', inKafka)]).toEqual([true, false])
    expect(readsTopic(/a/, 'a', inKafka)).toBe(true)
  })
})
