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
    .topN(TOP, { by: (sales) => sales.sold, store: 'best-sellers' })
    .mapValues((best) => best.map(({ product, sold }) => ({ product, sold })))
    .toStream()
    .to('top-products', { key: serdes.string(), value: serdes.json<ProductRank[]>() })
  return builder.build()
}

/** In `top-products`, as a list, by category. */
export interface ProductRank {
  product: string
  sold: number
}
