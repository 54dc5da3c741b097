import { serdes, StreamsBuilder, type Topology } from 'millrace'
import { type Address, type LocatedAddress, type Location, UnknownAddress } from './topology'

/** Asks a service where many addresses are. The answers are in the order of the addresses, with an error for one that there is not. */
export type LocateAll = (
  addresses: readonly Address[],
  signal: AbortSignal,
) => Promise<readonly (Location | UnknownAddress)[]>

/**
 * As `asyncEnrichment`, with up to 50 addresses in a call, each of another customer. An address that the service does not know fails by itself;
 * if the call fails, it is repeated with all of them.
 */
export function batchedEnrichment(locateAll: LocateAll): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('addresses', { key: serdes.string(), value: serdes.json<Address>() })
    .mapValuesAsync(
      async (records, { signal }) => {
        const addresses = records.map(({ value }) => value)
        const locations = await locateAll(addresses, signal)
        return locations.map((location, i): LocatedAddress | Error =>
          location instanceof UnknownAddress ? location : { ...addresses[i]!, ...location },
        )
      },
      {
        name: 'locate',
        batch: { size: 50, linger: '20ms' },
        concurrency: 4,
        timeout: '2s',
        retry: {
          attempts: 5,
          backoff: '200ms',
          on: (error) => !(error instanceof UnknownAddress),
        },
        onError: { deadLetter: 'addresses-not-located' },
        value: serdes.json<LocatedAddress>(),
      },
    )
    .to('located-addresses')
  return builder.build()
}
