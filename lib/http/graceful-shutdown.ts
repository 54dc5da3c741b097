import type { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { BOOLEAN, DURATION, isObject, kind, listOf, options as optionsOf, requireArgument, text } from '../arguments'
import { type Duration, toMilliseconds } from '../durations'
import type { KafkaStreams } from '../runtime/kafka-streams'
import { withDeadline } from '../runtime/pause'

/** How an instance and its server end. */
export interface GracefulShutdownOptions {
  /** The server to close first, or how to close it, such as `() => fastify.close()`. */
  readonly server?: Server | (() => unknown)
  /** What begins the shutdown. Default: SIGTERM and SIGINT. */
  readonly signals?: readonly NodeJS.Signals[]
  /** For all of it: then the rest is cut short, and uncommitted records are processed again after the next start. Default: 30 s. */
  readonly timeout?: Duration
  /**
   * How long to keep answering before anything is closed, with `/health/ready` failing already: the time that a load balancer
   * takes to notice. Default: 0.
   */
  readonly delay?: Duration
  /** As in `streams.close()`. Default: false. */
  readonly leaveGroup?: boolean
}

const SHUTDOWN_OPTIONS = optionsOf<GracefulShutdownOptions>({
  server: kind(
    'a server, or a function that closes it',
    (value) => typeof value === 'function' || (isObject(value) && typeof value.close === 'function'),
  ),
  signals: listOf(text("the name of a signal, such as 'SIGTERM'")),
  timeout: DURATION,
  delay: DURATION,
  leaveGroup: BOOLEAN,
})

/** A shutdown to come. */
export interface GracefulShutdown {
  /**
   * Begins it without a signal; all calls settle together: true if everything was finished in time. Rejects with what the function that closes the
   * server fails with, once the instance is closed.
   */
  shutdown(): Promise<boolean>
  /** Settles as `shutdown()` does, whoever begins it. */
  readonly done: Promise<boolean>
  /** Stops listening to signals, if the shutdown has not begun. */
  cancel(): void
}

/**
 * On a signal, ends an instance and its HTTP server in order: `/health/ready` fails, the server takes no more requests and finishes those that
 * it has, and the instance commits, leaves and closes. Nothing keeps the process alive then, and it ends by itself. If the instance fails, its
 * server is closed, too.
 *
 * @example
 * const server = await listen(streams, { port: 8080 })
 * const { done } = gracefulShutdown(streams, { server, timeout: '25s' })
 * await done
 */
export const gracefulShutdown = (streams: KafkaStreams, options: GracefulShutdownOptions = {}): GracefulShutdown => {
  requireArgument(options, SHUTDOWN_OPTIONS, 'gracefulShutdown', 'options')
  const { server, signals = ['SIGTERM', 'SIGINT'], timeout = '30s', delay = 0, leaveGroup = false } = options
  const timeoutMs = toMilliseconds(timeout, 'timeout')
  const delayMs = toMilliseconds(delay, 'delay')
  let settle: (inTime: Promise<boolean>) => void
  const done = new Promise<boolean>((resolve) => (settle = resolve))
  let running: Promise<boolean> | undefined
  const run = async (): Promise<boolean> => {
    const deadline = performance.now() + timeoutMs
    const left = (): number => Math.max(0, deadline - performance.now())
    streams.queries.drain()
    await sleep(Math.min(delayMs, left()))
    let served: boolean
    let closed: boolean
    try {
      // the other half is for the last commit
      served = await closeServer(server, left() / 2)
    } finally {
      // what keeps a server from closing is no reason to lose the last commit
      closed = await streams.close({ timeout: left(), leaveGroup })
    }
    return served && closed
  }
  const shutdown = (): Promise<boolean> => {
    if (running === undefined) settle((running = run()))
    return running
  }
  const reportServer = (error: unknown): void =>
    streams.queries.logger.error({ err: error }, 'the server could not be closed')
  const onSignal = (): void => void shutdown()
  const onStateChange = ({ to }: { to: string }): void => {
    if (to === 'ERROR') closeServer(server, 0).catch(reportServer)
    if (to === 'ERROR' || to === 'NOT_RUNNING') cancel()
  }
  const cancel = (): void => {
    for (const signal of signals) process.off(signal, onSignal)
    streams.off('stateChange', onStateChange)
  }
  for (const signal of signals) process.on(signal, onSignal)
  streams.on('stateChange', onStateChange)
  return { shutdown, done, cancel }
}

/** False if requests had to be cut. */
const closeServer = async (server: GracefulShutdownOptions['server'], ms: number): Promise<boolean> => {
  if (server === undefined) return true
  if (typeof server === 'function') return (await withDeadline(Promise.resolve(server()), ms)) !== 'timeout'
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const inTime = (await withDeadline(closed, ms)) !== 'timeout'
  server.closeAllConnections()
  return inTime
}
