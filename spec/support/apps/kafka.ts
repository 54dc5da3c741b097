import { startKafka } from '../kafka-broker'

// Starts a broker and waits to be killed.
startKafka().then(
  ({ bootstrapServers }) => {
    console.log(`kafka at ${bootstrapServers}`)
    process.stdin.resume()
  },
  (error: unknown) => {
    console.error(error)
    process.exitCode = 1
  },
)
