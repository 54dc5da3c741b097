import { KafkaStreams } from 'millrace'
import { serveHealth } from './health'
import { wordCount } from './topology'

async function main(): Promise<void> {
  const streams = new KafkaStreams(wordCount(), {
    applicationId: process.env.APPLICATION_ID ?? 'word-count',
    kafka: { brokers: (process.env.KAFKA_BOOTSTRAP_SERVERS ?? 'localhost:9092').split(',') },
    ...(process.env.STATE_DIR ? { stateDir: process.env.STATE_DIR } : {}),
    commitInterval: '1s',
  })

  streams.on('stateChange', ({ from, to }) => console.log(`${from} -> ${to}`))
  streams.on('error', (error) => console.error(error))

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void streams.close({ timeout: '30s' }))
  }
  if (process.env.HEALTH_PORT) serveHealth(streams, Number(process.env.HEALTH_PORT))
  await streams.start()
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
