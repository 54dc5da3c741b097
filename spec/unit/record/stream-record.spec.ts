import { StreamRecord } from '../../../lib'

describe('the timestamp of a record', () => {
  const record = new StreamRecord('k', 'v', 0)

  it.each([0, 1, 1_700_000_000_000, 2 ** 63])('%s is taken', (timestamp) => {
    expect(record.withTimestamp(timestamp).timestamp).toBe(timestamp)
  })

  it.each([[-1], [1.5], [NaN], [Infinity], [undefined], ['5'], [5n], [new Date(5)]])('%p is refused', (timestamp) => {
    expect(() => record.withTimestamp(timestamp as never)).toThrow(
      expect.objectContaining({
        code: 'INVALID_TIMESTAMP',
        message: `A record's timestamp is a whole number of milliseconds since 1970 and may not be negative, got ${String(timestamp)}`,
      }),
    )
  })
})
