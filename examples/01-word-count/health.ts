import { createServer } from 'node:http'
import type { KafkaStreams } from 'millrace'

/** Answers 200 while the app works, 503 otherwise: what a container platform asks for. */
export function serveHealth(streams: KafkaStreams, port: number): void {
  const server = createServer((_request, response) => {
    const healthy = streams.state === 'RUNNING' || streams.state === 'REBALANCING'
    response.writeHead(healthy ? 200 : 503).end(`${streams.state}\n`)
  })
  server.listen(port).unref() // does not keep a closed app alive
}
