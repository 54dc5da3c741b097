import type { KafkaClient } from '../kafka/port'
import type { KafkaConfig } from '../kafka/kafkajs'

/** Exit codes, as `docs/command-line.md` lists them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** `plan`: the change loses state, or can't be made under the same application id. */
  losesState: 3,
} as const

/** What a command knows of the world: the process in `bin.ts`, something else in tests. */
export interface CommandIo {
  /** Standard output: results, and nothing else. */
  readonly out: (text: string) => void
  /** Standard error: progress, hints and errors. */
  readonly err: (text: string) => void
  /** Whether a person watches standard error: then progress is drawn. */
  readonly interactive: boolean
  /** Whether a person reads standard output: then `--watch` replaces what it has printed. */
  readonly readByPerson: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /**
   * From this call on, Ctrl+C aborts the signal and leaves the command some time to end cleanly: without it, Ctrl+C ends the
   * process at once.
   */
  readonly interruption: () => AbortSignal
  readonly now: () => number
  readonly connect: (config: KafkaConfig) => KafkaClient
  /** Imports a module of the user's, given as an absolute path: ESM, CommonJS or TypeScript. */
  readonly importModule: (path: string) => Promise<Readonly<Record<string, unknown>>>
}
