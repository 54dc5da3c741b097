/** One Kafka node as its engine (Java, Docker) runs it. */
export interface KafkaNode {
  /** Resolves when the broker serves clients. */
  start(): Promise<void>
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
  /** Kills it if it runs, and removes what it left outside of the cluster's folder. */
  remove(): Promise<void>
  /** The end of its log. */
  logTail(): Promise<string>
}

/** The line by which a broker says, in every version, that it serves clients. */
export const STARTED = 'Kafka Server started'

export const START_TIMEOUT_MS = 180_000
