import type { Settings } from './workload'

/** What a contestant's process is told, by its environment: Java's `Env.java` and `Bench.java` read the same. */
export interface ContestantEnvironment {
  readonly applicationId: string
  /** Of the names of input topics. */
  readonly inputPrefix: string
  readonly partitions: number
  readonly stateDir: string
  readonly registry: string
  readonly settings: Settings
  /** Of the application whose reads and writes a ceiling repeats. */
  readonly ceilingOf?: string
}

export const toEnvironment = (servers: string, run: ContestantEnvironment): Readonly<Record<string, string>> => {
  const { guarantee, cacheBytes, commitMs, lingerMs } = run.settings
  return {
    KAFKA_BOOTSTRAP_SERVERS: servers,
    APPLICATION_ID: run.applicationId,
    INPUT_PREFIX: run.inputPrefix,
    PARTITIONS: String(run.partitions),
    STATE_DIR: run.stateDir,
    SCHEMA_REGISTRY: run.registry,
    GUARANTEE: guarantee,
    ...(cacheBytes === undefined ? {} : { CACHE_BYTES: String(cacheBytes) }),
    ...(commitMs === undefined ? {} : { COMMIT_MS: String(commitMs) }),
    ...(lingerMs === undefined ? {} : { LINGER_MS: String(lingerMs) }),
    ...(run.ceilingOf === undefined ? {} : { CEILING_OF: run.ceilingOf }),
  }
}

export const env = (name: string): string => {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}

/** Undefined where the variable is not set: the library's default stays. */
export const numberInEnv = (name: string): number | undefined => {
  const value = process.env[name]
  return value === undefined ? undefined : Number(value)
}

/** The name of a topic in this run: outputs belong to the contestant, inputs to both. */
export const topicInEnv = (name: string): string =>
  `${env(name.startsWith('out') ? 'APPLICATION_ID' : 'INPUT_PREFIX')}-${name}`
