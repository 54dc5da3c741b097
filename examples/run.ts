import { KafkaStreams, type StreamsConfig, type Topology } from 'millrace'

/**
 * Runs a topology on the brokers of `KAFKA_BOOTSTRAP_SERVERS`, under the example's name, until SIGINT or SIGTERM.
 * The environment sets `APPLICATION_ID`, `STATE_DIR` (one for each copy on a machine) and `GROUP_INSTANCE_ID`, by which a
 * copy that crashed has its tasks back as soon as it is restarted. With `LEAVE_GROUP=false` a copy that is stopped has them back, too, if it is
 * started again within the session timeout, as in a rolling update. `more` is what else the example configures.
 */
export function run(
  topology: Topology,
  applicationId: string,
  withStreams?: (streams: KafkaStreams) => void,
  more: Partial<StreamsConfig> = {},
): void {
  const streams = new KafkaStreams(topology, configOf(applicationId, more))
  streams.on('stateChange', ({ from, to }) => console.log(`${from} -> ${to}`))
  // Ctrl-C may come more than once, through npm as well: all calls of close() settle together.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    // A copy that is stopped may not come back: it leaves the group also as a static member, and the others have its tasks at once.
    const leaveGroup = process.env.LEAVE_GROUP !== 'false'
    process.on(signal, () => void streams.close({ timeout: '30s', leaveGroup }))
  }
  withStreams?.(streams)
  exitOnFailure(runUntilClosed(streams))
}

/** What the environment says, and `more`. */
export function configOf(applicationId: string, more: Partial<StreamsConfig> = {}): StreamsConfig {
  return {
    applicationId: process.env.APPLICATION_ID ?? applicationId,
    kafka: { brokers: (process.env.KAFKA_BOOTSTRAP_SERVERS ?? 'localhost:9092').split(',') },
    ...(process.env.STATE_DIR ? { stateDir: process.env.STATE_DIR } : {}),
    ...(process.env.GROUP_INSTANCE_ID ? { groupInstanceId: process.env.GROUP_INSTANCE_ID } : {}),
    commitInterval: '1s', // results are seen soon; the default of 30 s saves more updates
    ...more,
  }
}

/** Rejects with a failure at the start or later: by the exit code a platform knows to restart the process. */
async function runUntilClosed(streams: KafkaStreams): Promise<void> {
  await streams.start()
  await streams.closed
}

/** Prints why a program has failed, and lets the process end with 1. */
export function exitOnFailure(program: Promise<unknown>): void {
  program.catch((error: unknown) => {
    console.error(error)
    process.exitCode = 1
  })
}
