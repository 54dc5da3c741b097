import { createServer, type Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { type Address, type Locate, UnknownAddress } from './topology'

/** A service as others run it: it takes 50 ms for an answer, knows no address without a street, and every tenth time it is busy. */
export function startLocationService(): Server {
  let requests = 0
  const server = createServer((request, response) => {
    void delay(50).then(() => {
      const { searchParams } = new URL(request.url ?? '/', 'http://localhost')
      const street = searchParams.get('street') ?? ''
      const city = searchParams.get('city') ?? ''
      if (++requests % 10 === 0) response.writeHead(503).end()
      else if (street === '') response.writeHead(404).end()
      else response.end(JSON.stringify({ latitude: street.length, longitude: city.length }))
    })
  })
  // it ends with the application
  return server.listen(0).unref()
}

/** Asks the service over HTTP. */
export const locateWith =
  (server: Server): Locate =>
  async ({ street, city }: Address, signal: AbortSignal) => {
    const bound = server.address()
    if (bound === null || typeof bound === 'string') throw new Error('the location service does not listen')
    const query = new URLSearchParams({ street, city }).toString()
    const response = await fetch(`http://localhost:${bound.port}/?${query}`, { signal })
    if (response.status === 404) throw new UnknownAddress(`there is no "${street}" in ${city}`)
    if (!response.ok) throw new Error(`the location service answered ${response.status}`)
    return (await response.json()) as { latitude: number; longitude: number }
  }
