import { parseArgs, type ParseArgsConfig } from 'node:util'
import { nearestName } from '../nearest-name'
import type { CommandIo } from './io'
import { UsageError } from './usage-error'

/** An option of a command, as it is parsed and as its help shows it. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean'
  /** May be given several times, and with `list` as a list with commas, too. */
  readonly multiple?: 'list' | 'repeated'
  readonly required?: true
  /** Stands for the value in the help. */
  readonly value?: string
  readonly choices?: readonly string[]
  readonly help: string
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>

type ValueOf<S extends OptionSpec> = S extends { type: 'boolean' }
  ? boolean
  : S extends { multiple: string }
    ? readonly string[]
    : S extends { required: true }
      ? string
      : string | undefined

export type OptionValues<S extends OptionSpecs> = { readonly [K in keyof S]: ValueOf<S[K]> }

export interface ArgumentSpec {
  readonly name: string
  readonly help: string
  readonly optional?: true
}

/** One call of a command. */
export interface Invocation<S extends OptionSpecs = OptionSpecs> {
  readonly options: OptionValues<S>
  readonly args: readonly string[]
  readonly io: CommandIo
  readonly json: boolean
  /** Writes the result: `data` on one line of JSON with `--json`, else the text. */
  print(data: unknown, text: () => string): void
}

export interface Command<S extends OptionSpecs = OptionSpecs> {
  /** With its group: `groups list`. */
  readonly name: string
  readonly summary: string
  /** What else a user has to know, below the summary. */
  readonly details?: string
  readonly arguments?: readonly ArgumentSpec[]
  readonly options: S
  /** Without `millrace` in front. */
  readonly examples: readonly [string, ...string[]]
  /** Resolves with the exit code; none is 0. */
  run(invocation: Invocation<S>): Promise<number | void>
}

/** A command with the types of its options, for a table of commands. */
export const defineCommand = <const S extends OptionSpecs>(command: Command<S>): Command =>
  command as unknown as Command

const COMMON: OptionSpecs = {
  json: { type: 'boolean', help: 'print JSON, for programs' },
  help: { type: 'boolean', help: 'print this help' },
}

export const optionsOf = (command: Command): OptionSpecs => ({ ...command.options, ...COMMON })

/** Parses the arguments of one command. `undefined`: the help was asked for. */
export const parseInvocation = (command: Command, args: readonly string[], io: CommandIo): Invocation | undefined => {
  const { values, positionals } = parse(command, args)
  if (values.help === true) return undefined
  const expected = command.arguments ?? []
  const required = expected.filter(({ optional }) => optional !== true)
  if (positionals.length < required.length) {
    throw new UsageError(`${expected[positionals.length]!.name} is missing: ${expected[positionals.length]!.help}`)
  }
  if (positionals.length > expected.length) {
    const unexpected = positionals[expected.length]!
    const missing = Object.keys(command.options).find((name) => command.options[name]!.required && !(name in values))
    const hint = missing === undefined ? '' : `: did you mean --${missing} ${unexpected}?`
    throw new UsageError(`unexpected argument '${unexpected}'${hint}`)
  }
  const json = values.json === true
  return {
    options: optionValues(command, values),
    args: positionals,
    io,
    json,
    print: (data, text) => io.out(json ? `${JSON.stringify(data)}\n` : withNewline(text())),
  }
}

const parse = (command: Command, args: readonly string[]): ReturnType<typeof parseArgs> => {
  const specs = optionsOf(command)
  const options: NonNullable<ParseArgsConfig['options']> = {}
  for (const [name, { type, multiple }] of Object.entries(specs))
    options[name] = { type, multiple: multiple !== undefined }
  options['help'] = { type: 'boolean', short: 'h' }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    const { message } = error as Error
    const unknown = /^Unknown option '(--?[^']+)'/.exec(message)?.[1]
    if (unknown !== undefined) throw new UsageError(unknownOption(unknown, Object.keys(specs)))
    throw new UsageError(withoutValue(message, specs) ?? firstSentence(message))
  }
}

/** `given` has its dashes. */
export const unknownOption = (given: string, names: readonly string[]): string => {
  const near = nearestName(given.replace(/^-+/, ''), names)
  return `unknown option ${given}${near === undefined ? '' : `: did you mean --${near}?`}`
}

/** What is wrong with an option that should have a value; `undefined` if the message tells of something else. */
const withoutValue = (message: string, specs: OptionSpecs): string | undefined => {
  const name = /^Option '(?:-\w, )?--([\w-]+)[^']*' argument/.exec(message)?.[1]
  if (name === undefined) return undefined
  if (message.includes('is ambiguous')) return `--${name} has no value: one that begins with a dash is --${name}=-…`
  return `--${name} has no value: ${specs[name]!.help}`
}

type ParsedValue = string | boolean | (string | boolean)[] | undefined

const optionValues = (command: Command, values: Record<string, ParsedValue>): OptionValues<OptionSpecs> =>
  Object.fromEntries(
    Object.entries(command.options).map(([name, spec]) => {
      const value = values[name]
      if (spec.type === 'boolean') return [name, value === true]
      const texts = (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(String)
      const given =
        spec.multiple === 'list' ? texts.flatMap((text) => text.split(',')).filter((text) => text !== '') : texts
      if (spec.required === true && given.length === 0) throw new UsageError(`--${name} is missing: ${spec.help}`)
      for (const text of given) {
        if (spec.choices?.includes(text) === false) {
          throw new UsageError(`--${name} is '${text}': give ${listed(spec.choices)}`)
        }
      }
      return [name, spec.multiple === undefined ? given.at(-1) : given]
    }),
  )

const listed = (choices: readonly string[]): string => `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`

const firstSentence = (message: string): string => {
  const [sentence = message] = message.split(/\. |\n/)
  return sentence.charAt(0).toLowerCase() + sentence.slice(1).replace(/\.$/, '')
}

const withNewline = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`)
