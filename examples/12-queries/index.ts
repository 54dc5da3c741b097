import { once } from 'node:events'
import { createServer } from 'node:http'
import { KafkaStreams } from 'millrace'
import { createHandler, gracefulShutdown } from 'millrace/http'
import { exitOnFailure } from '../run'
import { countVisits } from './topology'
import { visitsApi, written } from './visits-api'

/** Each copy on a machine has a port of its own. */
const port = Number(process.env.QUERY_PORT ?? 8080)

async function main(): Promise<void> {
  const streams = new KafkaStreams(countVisits(), {
    applicationId: process.env.APPLICATION_ID ?? 'queries',
    kafka: { brokers: (process.env.KAFKA_BOOTSTRAP_SERVERS ?? 'localhost:9092').split(',') },
    ...(process.env.STATE_DIR ? { stateDir: process.env.STATE_DIR } : {}),
    applicationServer: `127.0.0.1:${port}`, // where the other copies ask for what this one has
    commitInterval: '1s',
  })
  streams.on('stateChange', ({ from, to }) => console.log(`${from} -> ${to}`))
  const api = visitsApi(streams.producer({ topics: written }), createHandler(streams))
  const server = createServer((request, response) => void api(request, response))
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  gracefulShutdown(streams, { server, leaveGroup: true })
  await streams.start()
  await streams.closed
}

exitOnFailure(main())
