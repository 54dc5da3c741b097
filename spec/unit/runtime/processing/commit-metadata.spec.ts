import { decodeCommitMetadata, encodeCommitMetadata } from '../../../../lib/runtime/processing/commit-metadata'

describe('commit metadata', () => {
  it('has the bytes of Kafka Streams', () => {
    expect(encodeCommitMetadata({ partitionTime: 1234, lastEmittedWindowClose: new Map() })).toBe('AgAAAAAAAATS')
    expect(encodeCommitMetadata({ partitionTime: 1234, lastEmittedWindowClose: new Map([['wc', 1010]]) })).toBe(
      'AgAAAAAAAATSAAAAAQAAAAJ3YwAAAAAAAAPy',
    )
  })

  it('is read back', () => {
    expect(decodeCommitMetadata('AgAAAAAAAATS')).toEqual({ partitionTime: 1234, lastEmittedWindowClose: new Map() })
    const lastEmittedWindowClose = new Map([
      ['wc', 1010],
      ['größe', -1],
    ])
    const text = encodeCommitMetadata({ partitionTime: -1, lastEmittedWindowClose })
    expect(decodeCommitMetadata(text)).toEqual({ partitionTime: -1, lastEmittedWindowClose })
  })

  it('has stream time that was reached without a record in the place of a store that there can not be', () => {
    const text = encodeCommitMetadata({ partitionTime: 5, lastEmittedWindowClose: new Map(), reachedStreamTime: 77 })
    expect(Buffer.from(text, 'base64').toString('latin1')).toContain('/stream-time')
    expect(decodeCommitMetadata(text)).toEqual({
      partitionTime: 5,
      lastEmittedWindowClose: new Map(),
      reachedStreamTime: 77,
    })
  })

  it.each(['idle', 'closed'] as const)('says of a task of a bounded run that it is %s', (rest) => {
    const lastEmittedWindowClose = new Map([['wc', 1010]])
    const text = encodeCommitMetadata({ partitionTime: 5, lastEmittedWindowClose, rest })
    expect(decodeCommitMetadata(text)).toEqual({ partitionTime: 5, lastEmittedWindowClose, rest })
  })

  it('reads version 1', () => {
    const bytes = Buffer.alloc(9)
    bytes[0] = 1
    bytes.writeBigInt64BE(77n, 1)
    expect(decodeCommitMetadata(bytes.toString('base64')).partitionTime).toBe(77)
  })

  it.each(['', 'AQ==', 'not base64 at all', Buffer.of(9, 0, 0, 0, 0, 0, 0, 0, 1).toString('base64')])(
    'takes %p for unknown',
    (text) => {
      expect(decodeCommitMetadata(text)).toEqual({ partitionTime: -1, lastEmittedWindowClose: new Map() })
    },
  )

  it('takes a list that is cut off for unknown', () => {
    const whole = Buffer.from('AgAAAAAAAATSAAAAAQAAAAJ3YwAAAAAAAAPy', 'base64')
    for (let length = 14; length < whole.length; length++) {
      expect(decodeCommitMetadata(whole.subarray(0, length).toString('base64')).partitionTime).toBe(-1)
    }
  })
})
