import { createServer } from 'node:net'

// Below the range from which systems take the ports of outgoing connections, so that a stopped broker finds its port free again.
// Each of jest's workers has a part of its own: a broker binds its port seconds after it was chosen.
const COUNT = 2_000
const FIRST = 20_000 + COUNT * (Number(process.env['JEST_WORKER_ID'] ?? 0) % 6)

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
