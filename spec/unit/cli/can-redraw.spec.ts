import { canRedraw } from '../../../lib/cli/can-redraw'

describe('canRedraw', () => {
  it('is for terminals, but for those that know no control sequences', () => {
    expect(canRedraw({ isTTY: true }, { TERM: 'xterm-256color' })).toBe(true)
    expect(canRedraw({ isTTY: true }, {})).toBe(true)
    expect(canRedraw({ isTTY: true }, { TERM: 'dumb' })).toBe(false)
    expect(canRedraw({}, { TERM: 'xterm-256color' })).toBe(false)
  })
})
