import { serdes, StreamsBuilder, type Topology } from 'millrace'

/** In `addresses`, by customer. */
export interface Address {
  street: string
  city: string
}

/** Where an address is. */
export interface Location {
  latitude: number
  longitude: number
}

/** In `located-addresses`, by customer. */
export interface LocatedAddress extends Address, Location {}

/** Asks a service where an address is. */
export type Locate = (address: Address, signal: AbortSignal) => Promise<Location>

/** The service says that there is no such address: asking again changes nothing. */
export class UnknownAddress extends Error {
  override readonly name = 'UnknownAddress'
}

/**
 * Adds its location to each address. Up to 32 calls run at a time in each task; the addresses of one customer are looked up one after
 * another, so that the last one is also the last in the output.
 */
export function asyncEnrichment(locate: Locate): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('addresses', { key: serdes.string(), value: serdes.json<Address>() })
    .mapValuesAsync(
      async (address, _customer, { signal }): Promise<LocatedAddress> => ({
        ...address,
        ...(await locate(address, signal)),
      }),
      {
        name: 'locate',
        concurrency: 32,
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
