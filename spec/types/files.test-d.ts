import { csv } from '../../lib/files'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(..._: Same<A, B> extends true ? [] : ['the types differ']): void => undefined

// The columns of the first line are not known.
csv('rates.csv', {
  key: (row) => {
    same<typeof row.currency, string | undefined>()
    return row.currency
  },
})
csv('rates.csv')

// A type names them.
interface Rate {
  currency: string
  rate: string
}
csv<Rate>('rates.csv', {
  key: (row) => {
    same<typeof row, Rate>()
    return row.currency
  },
})
csv<Rate>('rates.csv', { columns: ['currency', 'rate'] })
// @ts-expect-error Property 'curency' does not exist on type 'Rate'
csv<Rate>('rates.csv', { key: (row) => row.curency })
// @ts-expect-error Type '"price"' is not assignable to type '"currency" | "rate"'
csv<Rate>('rates.csv', { columns: ['price'] })
// @ts-expect-error Type 'number' is not assignable to type 'string'
csv<{ rate: number }>('rates.csv')

// Columns that are given are those of the rows.
csv('rates.csv', {
  columns: ['currency', 'rate'],
  value: (row) => {
    same<typeof row.rate, string>()
    return Number(row.rate)
  },
})
// @ts-expect-error Property 'price' does not exist
csv('rates.csv', { columns: ['currency', 'rate'], value: (row) => row.price })
const names: string[] = ['currency']
csv('rates.csv', { columns: names, value: (row) => row.currency })
