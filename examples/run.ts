import { KafkaStreams, type StreamsConfig, type Topology } from 'millrace'

/**
 * Runs a topology on the brokers of `KAFKA_BOOTSTRAP_SERVERS`, under the example's name, until SIGINT or SIGTERM.
 * `APPLICATION_ID` and `STATE_DIR` set these two by the environment, for several copies on one machine; `more` is what else the example configures.
 */
export function run(
  topology: Topology,
  applicationId: string,
  withStreams?: (streams: KafkaStreams) => void,
  more: Partial<StreamsConfig> = {},
): void {
  const config: StreamsConfig = {
    applicationId: process.env.APPLICATION_ID ?? applicationId,
    kafka: { brokers: (process.env.KAFKA_BOOTSTRAP_SERVERS ?? 'localhost:9092').split(',') },
    ...(process.env.STATE_DIR ? { stateDir: process.env.STATE_DIR } : {}),
    commitInterval: '1s', // results are seen soon; the default of 30 s saves more updates
    ...more,
  }
  const streams = new KafkaStreams(topology, config)
  streams.on('stateChange', ({ from, to }) => console.log(`${from} -> ${to}`))
  streams.on('error', (error) => console.error(error))
  // Ctrl-C may come more than once, by way of npm as well: each time the same close goes on.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => void streams.close({ timeout: '30s' }))
  }
  withStreams?.(streams)
  exitOnFailure(streams.start())
}

/** Prints why a program has failed, and lets the process end with 1. */
export function exitOnFailure(program: Promise<unknown>): void {
  program.catch((error: unknown) => {
    console.error(error)
    process.exitCode = 1
  })
}
