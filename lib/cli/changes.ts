import type { Invocation } from './command'
import { UsageError } from './usage-error'

/** The options of every command that changes something. */
export const CHANGE_OPTIONS = {
  'dry-run': { type: 'boolean', help: 'show what would change, and change nothing: the default' },
  execute: { type: 'boolean', help: 'make the change' },
} as const

type ChangeOptions = Readonly<Record<keyof typeof CHANGE_OPTIONS, boolean>>

export const isExecuted = (options: ChangeOptions): boolean => {
  if (options.execute && options['dry-run']) throw new UsageError('--execute and --dry-run exclude each other')
  return options.execute
}

/** Ends a dry run: the hint goes to standard error, so that it is in no one's data. */
export const hintAtExecute = ({ io, json }: Pick<Invocation, 'io' | 'json'>): void => {
  if (!json) io.err('Nothing was changed. Add --execute to do it.\n')
}
