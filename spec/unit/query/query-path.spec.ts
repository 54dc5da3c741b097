import { parseQueryPath, queryPath, type TextQuery } from '../../../lib/query/query-path'

const QUERIES: readonly TextQuery[] = [
  { kind: 'get', key: 'a' },
  { kind: 'get', key: '' },
  { kind: 'get', key: '../%2f?&#ü', asOf: 5 },
  { kind: 'versions', key: 'a', from: 1, to: 2, reverse: true },
  { kind: 'versions', key: 'a', from: undefined, to: undefined, reverse: false },
  { kind: 'window', key: 'a', start: 0 },
  { kind: 'windows', key: 'a', from: 5, to: Infinity, reverse: false },
  { kind: 'session', key: 'a', start: 1, end: 2 },
  { kind: 'sessions', key: 'a', earliestEnd: 7, latestStart: 9, reverse: true },
  { kind: 'range', keyFrom: null, keyTo: null, reverse: false },
  { kind: 'range', keyFrom: '', keyTo: 'z&=+ ', reverse: true },
  { kind: 'prefix', prefix: 'a+b', reverse: false },
  { kind: 'allWindows', keyFrom: 'a', keyTo: null, from: 0, to: 10, reverse: false },
  { kind: 'allSessions', keyFrom: 'a', keyTo: 'b', earliestEnd: 1, latestStart: 2, latestEnd: Infinity, reverse: true },
  {
    kind: 'allSessions',
    keyFrom: null,
    keyTo: null,
    earliestEnd: 1,
    latestStart: Infinity,
    latestEnd: 9,
    reverse: false,
  },
]

describe('the path of a query', () => {
  it.each(QUERIES)('stands for $kind: %j', (query) => {
    const { path, params } = queryPath('a store/%', query)
    const [, stores, store, ...segments] = path.split('/').map(decodeURIComponent)
    expect([stores, store]).toEqual(['stores', 'a store/%'])
    const sent = new URLSearchParams(params.toString())
    expect(parseQueryPath(segments, sent)).toEqual(query)
  })
})
