import { keyValueStore, serdes, StreamsBuilder, type Topology } from 'millrace'

/** How often each page was visited: its types are known to whoever queries it with this handle. */
export const visitsPerPage = keyValueStore('visits-per-page', { key: serdes.string(), value: serdes.long() })

/** Visitors with the pages that they open in, the running count of each page out. */
export function countVisits(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('visits', { key: serdes.string(), value: serdes.string() })
    .groupBy((page) => page)
    .count(visitsPerPage)
    .toStream()
    .to('page-visits', { key: serdes.string(), value: serdes.long() })
  return builder.build()
}
