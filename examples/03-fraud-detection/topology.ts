import { serdes, SessionWindows, StreamsBuilder, type Topology } from 'millrace'

/** In `card-payments`, by card number. */
export interface Payment {
  amount: number
  country: string
}

/** A series of payments with one card, with less than ten minutes between any two that follow each other. */
export interface Series {
  payments: number
  total: number
  largest: number
  countries: string[]
}

const isSuspicious = ({ payments, total, largest, countries }: Series): boolean =>
  countries.length >= 3 || // nobody travels that fast
  (payments >= 5 && largest > 0.8 * total) // stolen cards are tried out with small sums, then emptied

/**
 * Groups each card's payments into sessions and reports the suspicious ones, with every further payment again. Where a
 * late payment joins two series, the reports of both are taken back by a `null` before the new one comes.
 */
export function fraudDetection(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('card-payments', { key: serdes.string(), value: serdes.json<Payment>() })
    .groupByKey()
    .windowedBy(SessionWindows.of({ inactivityGap: '10m', grace: '5m' }))
    .aggregate(() => nothing, withPayment, joined, { store: 'series', value: serdes.json<Series>() })
    .filter(isSuspicious)
    .toStream()
    .to('fraud-alerts', { key: serdes.sessionWindowed(serdes.string()), value: serdes.json<Series>() })
  return builder.build()
}

const nothing: Series = { payments: 0, total: 0, largest: 0, countries: [] }

const withPayment = (series: Series, { amount, country }: Payment): Series =>
  joined(series, { payments: 1, total: amount, largest: amount, countries: [country] })

const joined = (one: Series, other: Series): Series => ({
  payments: one.payments + other.payments,
  total: one.total + other.total,
  largest: Math.max(one.largest, other.largest),
  countries: [...new Set([...one.countries, ...other.countries])],
})
