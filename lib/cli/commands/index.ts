import type { Command } from '../command'
import type * as Describe from './describe'

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
}

/* eslint-disable @typescript-eslint/no-require-imports -- a command loads only what it needs, and when it runs */
export const COMMANDS: readonly (CommandEntry | CommandGroup)[] = [
  {
    name: 'describe',
    summary: 'Print the topology that a module exports: as text, JSON or a Mermaid chart',
    load: () => (require('./describe') as typeof Describe).describe,
  },
]
