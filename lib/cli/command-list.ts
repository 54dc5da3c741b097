import type { Command } from './command'

/** A command as the list of commands has it: nothing of it is loaded yet. */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  load(): Command
}

/** Commands on one subject, such as `groups list` and `groups delete`. */
export interface CommandGroup {
  readonly name: string
  readonly summary: string
  readonly commands: readonly CommandEntry[]
  /** The command that is meant where the next word names none, but a folder, or is an option. */
  readonly usual?: string
}
