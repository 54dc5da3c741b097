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
  /** Copies its logs, and the segments of its partitions with what it knows of their transactions, into a new folder. */
  keepFiles(folder: string): Promise<void>
}

/** Of a partition's folder. Its indexes are left out: they are large, and can be made from the segments. */
export const keptOfPartitions = (file: string): boolean => /\.(log|txnindex|snapshot)$|checkpoint$/.test(file)

/** The line by which a broker says, in every version, that it serves clients. */
export const STARTED = 'Kafka Server started'

export const START_TIMEOUT_MS = 180_000
