import { createServer, type Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { LocateAll } from './batched-topology'
import { type Locate, type Location, UnknownAddress } from './topology'

/** A service as others run it: it takes 50 ms for an answer, for one address or many, has `null` for those without a street, and is busy every tenth time. */
export function startLocationService(): Server {
  let requests = 0
  const server = createServer((request, response) => {
    void delay(50).then(() => {
      const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
      const [streets, cities] = [searchParams.getAll('street'), searchParams.getAll('city')]
      const locations = streets.map((street, i) =>
        street === '' ? null : { latitude: street.length, longitude: cities[i]!.length },
      )
      if (++requests % 10 === 0) response.writeHead(503).end()
      else response.end(JSON.stringify(locations))
    })
  })
  // it ends with the application
  return server.listen(0).unref()
}

/** Asks the service over HTTP. */
export const locateAllWith =
  (server: Server): LocateAll =>
  async (addresses, signal) => {
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error('the location service does not listen')
    const query = new URLSearchParams(
      addresses.flatMap(({ street, city }): [string, string][] => [
        ['street', street],
        ['city', city],
      ]),
    )
    const response = await fetch(`http://localhost:${bound.port}/?${query.toString()}`, { signal })
    if (!response.ok) throw new Error(`the location service answered ${response.status}`)
    const locations = (await response.json()) as (Location | null)[]
    return locations.map((location, i) => {
      const { street, city } = addresses[i]!
      return location ?? new UnknownAddress(`there is no "${street}" in ${city}`)
    })
  }

/** Asks it for one address. */
export const locateWith =
  (server: Server): Locate =>
  async (address, signal) => {
    const [location] = await locateAllWith(server)([address], signal)
    if (location instanceof UnknownAddress) throw location
    return location!
  }
