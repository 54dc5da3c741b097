import { either, NAME, optional, options } from '../../arguments'

/** Names an operator in topology texts, logs and metrics. Default: a generated name. */
export interface NamedOptions {
  /** The operator's name. Letters, digits, `.`, `_` and `-`. */
  name?: string
}

/** An operator's name, as it is or as an option. */
export type Named = string | NamedOptions

export function operatorName(named: Named | undefined): string | undefined {
  return typeof named === 'string' ? named : named?.name
}

/** Options, or a bare string for just the name. */
export function withName<Options extends NamedOptions>(
  options: string | Options | undefined,
): Partial<Options> & NamedOptions {
  return typeof options === 'string' ? ({ name: options } as Partial<Options> & NamedOptions) : (options ?? {})
}

export const NAMED = optional(either(NAME, options<NamedOptions>({ name: NAME })))
