import { serdes, StreamsBuilder, type Topology } from 'millrace'

/** In `orders`, by id. */
export interface Order {
  customerId: string
  productId: string
  quantity: number
  coupon?: string
}

/** In `customers`, by id. */
export interface Customer {
  name: string
  city: string
}

/** In `products`, by id. */
export interface Product {
  title: string
  price: number
}

/** In `coupons`, by code. */
export interface Coupon {
  percent: number
}

/** In `enriched-orders`, by the order's id; kept up to date with all that it is made of. */
export interface EnrichedOrder {
  customer: string
  city: string
  product: string
  quantity: number
  sum: number
}

/**
 * Joins each order with its customer, its product and its coupon, which it names by their keys. The orders' topic may have
 * other keys and other partitions than theirs, and a change of any of them updates the orders that name it.
 */
export function orderEnrichment(): Topology {
  const builder = new StreamsBuilder()
  const orders = builder.table('orders', { key: serdes.string(), value: serdes.json<Order>() })
  const customers = builder.table('customers', { key: serdes.string(), value: serdes.json<Customer>() })
  const products = builder.table('products', { key: serdes.string(), value: serdes.json<Product>() })
  const coupons = builder.table('coupons', { key: serdes.string(), value: serdes.json<Coupon>() })

  orders
    .join(
      customers,
      (order) => order.customerId,
      (order, customer) => ({ ...order, customer: customer.name, city: customer.city }),
      { name: 'customer-of-order' },
    )
    .join(
      products,
      (order) => order.productId,
      (order, product) => ({ ...order, product: product.title, sum: order.quantity * product.price }),
      { name: 'product-of-order' },
    )
    .leftJoin(
      coupons,
      (order) => order.coupon,
      ({ customer, city, product, quantity, sum }, coupon): EnrichedOrder => ({
        customer,
        city,
        product,
        quantity,
        sum: sum * (1 - (coupon?.percent ?? 0) / 100),
      }),
      { name: 'coupon-of-order' },
    )
    .toStream()
    .to('enriched-orders', { key: serdes.string(), value: serdes.json<EnrichedOrder>() })
  return builder.build()
}
