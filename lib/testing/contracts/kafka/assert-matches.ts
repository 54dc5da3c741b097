import assert from 'node:assert/strict'

/** That `actual` has at least what `expected` has. A regular expression stands for a text that it matches. */
export const assertMatches = (actual: unknown, expected: unknown): void => {
  if (expected instanceof RegExp) return assert.match(String(actual), expected)
  if (Array.isArray(expected)) {
    assert.ok(
      Array.isArray(actual) && actual.length === expected.length,
      `not of length ${expected.length}: ${String(actual)}`,
    )
    return expected.forEach((item, i) => assertMatches((actual as unknown[])[i], item))
  }
  if (!isPlain(expected)) return assert.deepEqual(actual, expected)
  assert.ok(typeof actual === 'object' && actual !== null, `not an object: ${String(actual)}`)
  for (const [key, value] of Object.entries(expected)) assertMatches((actual as Record<string, unknown>)[key], value)
}

/** For `assert.throws` and `assert.rejects`: an error that has at least this. */
export const matching =
  (expected: unknown) =>
  (error: unknown): true => {
    assertMatches(error, expected)
    return true
  }

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
