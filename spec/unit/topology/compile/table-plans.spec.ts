import { planTables } from '../../../../lib/topology/compile/table-plans'
import type { KTable } from '../../../../lib/dsl/ktable'
import { StreamsBuilder } from '../../../../lib/dsl/streams-builder'

type Table = KTable<string, unknown>

/** What is decided for each table that `build` gives, as `stored, old values`. */
const plansOf = (build: (builder: StreamsBuilder) => Table[]): string[] => {
  const builder = new StreamsBuilder()
  const tables = build(builder)
  const plans = planTables(builder['context'].graph.graph)
  return tables.map(({ position }) => {
    const { stored, sendOldValues } = plans.get(position.node)!
    return `${stored ? 'stored' : 'passing'}, ${sendOldValues ? 'old' : 'new'}`
  })
}

const regroup = (table: Table): void => void table.groupBy((value, key) => [key, value]).count()

describe('tables', () => {
  test('without a reader of old values keep and send nothing', () => {
    expect(plansOf((b) => [b.table('a'), b.table('b', {}, 'b'), b.stream('c').toTable()])).toEqual([
      'passing, new',
      'stored, new',
      'passing, new',
    ])
  })

  test('that are regrouped send old values, and have a store for that', () => {
    const plans = plansOf((b) => {
      const tables = [b.table('a'), b.stream('b').toTable(), b.stream('c').groupByKey().count()]
      tables.forEach((table) => regroup(table as Table))
      return tables as Table[]
    })
    expect(plans).toEqual(['stored, old', 'stored, old', 'stored, old'])
  })

  test('pass the request on to the table that they are made from', () => {
    const plans = plansOf((b) => {
      const source = b.table('a')
      const mapped = source.mapValues((value) => value)
      const filtered = mapped.filter(() => true)
      regroup(filtered)
      return [source, mapped, filtered]
    })
    expect(plans).toEqual(['stored, old', 'passing, old', 'passing, old'])
  })

  test('stop the request where they have a store of their own', () => {
    const plans = plansOf((b) => {
      const source = b.table('a')
      const mapped = source.mapValues((value) => value, 'mapped')
      regroup(mapped)
      return [source, mapped]
    })
    expect(plans).toEqual(['passing, new', 'stored, old'])
  })
})

describe('a filter', () => {
  test('asks for old values that are there for the taking', () => {
    const plans = plansOf((b) => {
      const source = b.table('a', {}, 'a')
      return [source, source.filter(() => true)]
    })
    expect(plans).toEqual(['stored, old', 'passing, old'])
  })

  test('makes no store for them', () => {
    const plans = plansOf((b) => {
      const source = b.table('a')
      return [source, source.filter(() => true), source.filter(() => true, 'filtered')]
    })
    expect(plans).toEqual(['passing, new', 'passing, new', 'stored, new'])
  })

  test('has none if the store came only after it', () => {
    const plans = plansOf((b) => {
      const source = b.table('a')
      const early = source.filter(() => true)
      regroup(source)
      return [source, early, source.filter(() => true)]
    })
    expect(plans).toEqual(['stored, old', 'passing, new', 'passing, old'])
  })
})
