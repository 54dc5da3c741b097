import type { KafkaStreams } from 'millrace'
import { listen } from 'millrace/http'

/**
 * Health for a container platform, metrics for Prometheus, queries, and a page for a browser at `/dashboard`. Only this machine reaches it, unless
 * `HTTP_HOST` says otherwise; it ends with the application.
 */
export async function serve(streams: KafkaStreams, port: number): Promise<void> {
  const server = await listen(streams, { port, host: process.env.HTTP_HOST ?? '127.0.0.1' })
  streams.on('stateChange', ({ to }) => {
    if (to !== 'NOT_RUNNING' && to !== 'ERROR') return
    server.close()
    server.closeAllConnections()
  })
}
