import { byteString } from '../../../../lib/bytes/byte-string'
import { TimeIndex } from '../../../../lib/state/timed/time-index'

describe('the index of rows that wait for their time', () => {
  it('gives more rows of one time than a call can have arguments', () => {
    const index = new TimeIndex(true)
    const count = 200_000
    for (let i = 0; i < count; i++) index.set(byteString(Buffer.from(String(i))), 10, 0, true)
    expect(index.take(0, 10)).toHaveLength(count)
    expect(index.take(0, 10)).toHaveLength(0)
  })
})
