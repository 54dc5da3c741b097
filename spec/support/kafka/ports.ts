import { createServer } from 'node:net'

// Below the range from which systems take the ports of outgoing connections, so that a stopped broker finds its port free again.
const FIRST = 20_000
const COUNT = 12_000

const handedOut = new Set<number>()

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })

/** A port of 127.0.0.1 that nobody listens on and that this process has not been given before. */
export const freePort = async (): Promise<number> => {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const port = FIRST + Math.floor(Math.random() * COUNT)
    if (!handedOut.has(port) && (await isFree(port))) {
      handedOut.add(port)
      return port
    }
  }
  throw new Error(`no free port between ${FIRST} and ${FIRST + COUNT}`)
}
