import { Naming, repartitionNames } from '../../../../lib/topology/naming/naming'

describe('generated names', () => {
  test('count on, with ten digits', () => {
    const naming = new Naming()
    expect(naming.node('KSTREAM-SOURCE-')).toBe('KSTREAM-SOURCE-0000000000')
    expect(naming.store('KSTREAM-AGGREGATE-')).toBe('KSTREAM-AGGREGATE-STATE-STORE-0000000001')
    naming.skip()
    expect(naming.node('KSTREAM-MAP-')).toBe('KSTREAM-MAP-0000000003')
  })

  test('take an index even where a name is given', () => {
    const naming = new Naming()
    expect(naming.node('KSTREAM-MAP-', 'mine')).toBe('mine')
    expect(naming.suffixedNode('KSTREAM-SOURCE-', 'mine', '-source')).toBe('mine-source')
    expect(naming.node('KSTREAM-MAP-')).toBe('KSTREAM-MAP-0000000002')
  })

  test('given ones are checked, suffix included', () => {
    const naming = new Naming()
    expect(() => naming.node('KSTREAM-MAP-', 'my map')).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }))
    expect(() => naming.suffixedNode('KSTREAM-SOURCE-', 'x'.repeat(245), '-source')).toThrow(/252 characters/)
  })
})

describe('the nodes of a repartition topic', () => {
  test('have generated names behind a generated name of a stream', () => {
    expect(repartitionNames(new Naming(), 'KSTREAM-MAP-0000000002')).toEqual({
      topic: 'KSTREAM-MAP-0000000002-repartition',
      sink: 'KSTREAM-SINK-0000000000',
      filter: 'KSTREAM-FILTER-0000000001',
      source: 'KSTREAM-SOURCE-0000000002',
    })
  })

  test.each(['orders', 'KTABLE-X-0000000002', 'KSTREAM-MAP-2', 'COGROUPKSTREAM-AGGREGATE-STATE-STORE-0000000003'])(
    'are named after the topic behind %s',
    (prefix) => {
      const naming = new Naming()
      const topic = `${prefix}-repartition`
      expect(repartitionNames(naming, prefix)).toEqual({
        topic,
        sink: `${topic}-sink`,
        filter: `${topic}-filter`,
        source: `${topic}-source`,
      })
      expect(naming.node('N-')).toBe('N-0000000003')
    },
  )

  test('do not double the suffix', () =>
    expect(repartitionNames(new Naming(), 'x-repartition').topic).toBe('x-repartition'))
})
