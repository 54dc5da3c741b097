import { type Duration, durationText, toMilliseconds } from '../../lib/durations'

test.each<[Duration, number]>([
  [0, 0],
  [250, 250],
  ['250ms', 250],
  ['30s', 30_000],
  ['1.5s', 1500],
  ['5m', 300_000],
  ['1h', 3_600_000],
  ['1d', 86_400_000],
])('%s is %i ms', (duration, expected) => expect(toMilliseconds(duration, 'size')).toBe(expected))

test.each(['', '5', '5 m', 'm', '5w', '-1s', '1e3s', -1, NaN, Infinity, null, undefined])(
  '%s is refused by its name',
  (duration) => {
    expect(() => toMilliseconds(duration as Duration, 'grace')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('grace is') }),
    )
  },
)

test.each([
  [0, '0 s'],
  [1400, '1 s'],
  [59_400, '59 s'],
  [59_600, '1 min'],
  [3_540_000, '59 min'],
  [3_600_000, '1 h'],
  [12_600_000, '3.5 h'],
])('%i ms is %s to people', (ms, expected) => expect(durationText(ms)).toBe(expected))
