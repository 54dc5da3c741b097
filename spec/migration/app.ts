import {
  JoinWindows,
  serdes,
  SessionWindows,
  StreamsBuilder,
  TimeWindows,
  type Topology,
  untilTimeLimit,
  untilWindowCloses,
} from '../../lib'

const TEXT = serdes.string()
const LONG = serdes.long()
const text = { key: TEXT, value: TEXT }

/** As `orders` name them: "product;quantity", where the product may be left out. */
const productOf = (order: string): string | null => order.split(';')[0] || null
const both = (left: string | null, right: string | null): string => `${left}+${right}`

/** `java/MigratedApp.java`, in TypeScript. */
export const migratedTopology = (inputs: string, outputs: string): Topology => {
  const builder = new StreamsBuilder()
  const events = builder.stream(`${inputs}-events`, text)

  const counts = events.groupBy((_value, key) => key[0]!, { name: 'by-letter', ...text }).count('counts')
  counts.toStream().to(`${outputs}-counts`, { key: TEXT, value: LONG })
  counts
    .suppress(untilTimeLimit('4s', { name: 'limit' }))
    .toStream()
    .to(`${outputs}-limited`, { key: TEXT, value: LONG })

  const perWindow = events
    .groupByKey()
    .windowedBy(TimeWindows.of({ size: '10s', grace: '5s' }))
    .count('per-window')
  perWindow.toStream().to(`${outputs}-windowed`, { key: serdes.timeWindowed(TEXT, '10s'), value: LONG })
  perWindow
    .suppress(untilWindowCloses({ name: 'final' }))
    .toStream()
    .to(`${outputs}-final`, { key: serdes.timeWindowed(TEXT, '10s'), value: LONG })

  events
    .groupByKey()
    .windowedBy(SessionWindows.of({ inactivityGap: '3s', grace: '5s' }))
    .count('sessions')
    .toStream()
    .to(`${outputs}-sessions`, { key: serdes.sessionWindowed(TEXT), value: LONG })

  builder
    .stream(`${inputs}-clicks`, text)
    .leftJoin(builder.stream(`${inputs}-views`, text), both, JoinWindows.of({ timeDifference: '5s', grace: '10s' }), {
      name: 'click-view',
      store: 'click-view',
      key: TEXT,
      value: TEXT,
      otherValue: TEXT,
    })
    .to(`${outputs}-joined`, text)

  const customers = builder.table(`${inputs}-customers`, text, { store: 'customers', ...text })
  const addresses = builder.table(`${inputs}-addresses`, text, { store: 'addresses', ...text })
  customers
    .outerJoin(addresses, both, { store: 'customer-address', ...text })
    .toStream()
    .to(`${outputs}-merged`, text)
  customers
    .groupBy((value) => [value[0]!, value], { name: 'by-city', ...text })
    .count('per-city')
    .toStream()
    .to(`${outputs}-cities`, { key: TEXT, value: LONG })

  const orders = builder.table(`${inputs}-orders`, text, { store: 'orders', ...text })
  const products = builder.table(`${inputs}-products`, text, { store: 'products', ...text })
  orders
    .leftJoin(products, productOf, both, { name: 'order-product', store: 'order-products', ...text })
    .toStream()
    .to(`${outputs}-named-orders`, text)
  return builder.build()
}
