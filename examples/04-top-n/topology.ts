import { serdes, StreamsBuilder, type Topology } from 'millrace'

/** In `sales`, by anything. */
export interface Sale {
  product: string
  category: string
  quantity: number
}

/** What was sold of one product up to now. */
export interface ProductSales {
  product: string
  category: string
  sold: number
}

const TOP = 3

/** Keeps, for each category, the three products that sell best. */
export function topProducts(): Topology {
  const builder = new StreamsBuilder()
  const productSales = builder
    .stream('sales', { value: serdes.json<Sale>() })
    .groupBy((sale) => sale.product, { name: 'by-product', key: serdes.string() })
    .aggregate<ProductSales>(
      () => ({ product: '', category: '', sold: 0 }),
      ({ sold }, { product, category, quantity }) => ({ product, category, sold: sold + quantity }),
      { store: 'product-sales', value: serdes.json<ProductSales>() },
    )

  productSales
    .groupBy((sales) => [sales.category, sales], {
      name: 'by-category',
      key: serdes.string(),
      value: serdes.json<ProductSales>(),
    })
    // All products of a category, not the best three: when one of these falls back, the next one has to be known.
    .aggregate<Record<string, number>>(
      () => ({}),
      (ranking, { product, sold }) => ({ ...ranking, [product]: sold }),
      (ranking, { product }) => without(ranking, product),
      { store: 'rankings', value: serdes.json<Record<string, number>>() },
    )
    .mapValues(best)
    .toStream()
    .to('top-products', { key: serdes.string(), value: serdes.json<ProductRank[]>() })
  return builder.build()
}

/** In `top-products`, as a list, by category. */
export interface ProductRank {
  product: string
  sold: number
}

const best = (ranking: Record<string, number>): ProductRank[] =>
  Object.entries(ranking)
    .map(([product, sold]) => ({ product, sold }))
    .sort((one, other) => other.sold - one.sold || (one.product < other.product ? -1 : 1))
    .slice(0, TOP)

const without = (ranking: Record<string, number>, product: string): Record<string, number> => {
  const { [product]: _removed, ...others } = ranking
  return others
}
