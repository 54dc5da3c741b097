import { parseArgs } from 'node:util'

interface Described {
  /** One line of the help text, or several. */
  readonly help: string
}

/** An option without a value. */
export interface Flag extends Described {
  readonly type: 'flag'
}

/** An option with any text, or one of `choices`, for its value. */
export interface Text extends Described {
  readonly type: 'text'
  /** What the help text calls the value, such as `FILE`. */
  readonly value: string
  readonly choices?: readonly string[]
  readonly default?: string
}

/** An option with a whole number, `least` (1 unless told) or more. */
export interface WholeNumber extends Described {
  readonly type: 'number'
  readonly least?: number
  readonly default?: number
}

type Option = Flag | Text | WholeNumber

type Value<O extends Option> = O extends Flag
  ? boolean
  : (O extends WholeNumber ? number : ChoiceOf<O>) | (O extends { default: unknown } ? never : undefined)

type ChoiceOf<O> = O extends { choices: readonly (infer Choice)[] } ? Choice : string

type Values<Options> = { readonly [Name in keyof Options]: Options[Name] extends Option ? Value<Options[Name]> : never }

/** What a program of this repository takes on its command line. */
export interface CommandLine<Options extends Readonly<Record<string, Option>>> {
  /** As it is typed: `npm run golden --`. */
  readonly command: string
  /** What the program does, in lines of at most 100 characters. */
  readonly about: string
  /** What has to be named before the options: each with a line of help. */
  readonly commands?: Readonly<Record<string, string>>
  readonly options: Options
}

/** The arguments as they were meant; or the text to print instead of running, with the exit code. */
export type Parsed<Options> =
  | { readonly kind: 'run'; readonly command: string; readonly values: Values<Options> }
  | { readonly kind: 'stop'; readonly text: string; readonly exitCode: 0 | 2 }

class UsageError extends Error {}

/** Of a program that is started as `node program …args`. `--help` and `-h` ask for the help text. */
export const parseCommandLine = <const Options extends Readonly<Record<string, Option>>>(
  line: CommandLine<Options>,
  args: readonly string[],
): Parsed<Options> => {
  if (args.some((arg) => arg === '--help' || arg === '-h')) return { kind: 'stop', text: helpOf(line), exitCode: 0 }
  try {
    const { positionals, values } = parse(line, args)
    const command = commandOf(line, positionals)
    const read = Object.entries<Option>(line.options).map(([name, option]) => [
      name,
      valueOf(name, option, values[name]),
    ])
    return { kind: 'run', command, values: Object.fromEntries(read) as Values<Options> }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    return { kind: 'stop', text: `${error.message}\nSee ${line.command} --help`, exitCode: 2 }
  }
}

/** Reads the process's own arguments. Prints the help text or what is wrong with them, and ends the process, where it must not run. */
export const readCommandLine = <const Options extends Readonly<Record<string, Option>>>(
  line: CommandLine<Options>,
): { readonly command: string; readonly values: Values<Options> } => {
  const parsed = parseCommandLine(line, process.argv.slice(2))
  if (parsed.kind === 'run') return parsed
  if (parsed.exitCode === 0) console.log(parsed.text)
  else console.error(parsed.text)
  process.exit(parsed.exitCode)
}

const parse = (
  { options }: CommandLine<Readonly<Record<string, Option>>>,
  args: readonly string[],
): { positionals: string[]; values: Readonly<Record<string, unknown>> } => {
  const known = Object.entries(options).map(
    ([name, { type }]) => [name, { type: type === 'flag' ? 'boolean' : 'string' }] as const,
  )
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: Object.fromEntries(known) })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

const commandOf = ({ commands }: Pick<CommandLine<never>, 'commands'>, positionals: readonly string[]): string => {
  const [command = '', ...more] = positionals
  const superfluous = commands === undefined ? command : more[0]
  if (superfluous) throw new UsageError(`Unexpected argument '${superfluous}'`)
  if (commands === undefined || Object.hasOwn(commands, command)) return command
  const names = Object.keys(commands).join(' or ')
  throw new UsageError(command === '' ? `Name what to run: ${names}` : `Unknown '${command}': name ${names}`)
}

const valueOf = (name: string, option: Option, given: unknown): unknown => {
  if (option.type === 'flag') return given === true
  if (given === undefined) return option.default
  if (option.type === 'number') return numberOf(name, option, String(given))
  const { choices } = option
  if (choices?.includes(String(given)) ?? true) return given
  throw new UsageError(`--${name} takes ${choices!.join(' or ')}, not '${String(given)}'`)
}

const numberOf = (name: string, { least = 1 }: WholeNumber, given: string): number => {
  const value = Number(given)
  if (/^\d+$/.test(given) && Number.isSafeInteger(value) && value >= least) return value
  throw new UsageError(`--${name} takes a whole number of at least ${least}, not '${given}'`)
}

const helpOf = ({ command, about, commands, options }: CommandLine<Readonly<Record<string, Option>>>): string => {
  const usage = `usage: ${command}${commands ? ` <${alternatives(Object.keys(commands))}>` : ''} [options]`
  const optionRows = Object.entries<Option>(options).map(([name, option]) => [spelled(name, option), described(option)])
  const rows = [...Object.entries(commands ?? {}), ...optionRows, ['--help, -h', 'Print this text']]
  const width = Math.max(...rows.map(([left]) => left!.length)) + 2
  const table = (lines: readonly (readonly string[])[]): string =>
    lines
      .map(([left, right]) => `  ${left!.padEnd(width)}${right!.replaceAll('\n', `\n${' '.repeat(width + 2)}`)}`)
      .join('\n')
  const count = Object.keys(commands ?? {}).length
  const sections = [
    usage,
    about,
    ...(count > 0 ? [table(rows.slice(0, count))] : []),
    `options:\n${table(rows.slice(count))}`,
  ]
  return sections.join('\n\n')
}

/** Too many for a line are below it anyway. */
const alternatives = (names: readonly string[]): string => (names.length > 8 ? 'name' : names.join('|'))

const spelled = (name: string, option: Option): string => {
  if (option.type === 'flag') return `--${name}`
  return `--${name} ${option.type === 'number' ? 'N' : option.value}`
}

const described = (option: Option): string => {
  const choices = option.type === 'text' && option.choices ? `: ${option.choices.join(' or ')}` : ''
  const standard = option.type !== 'flag' && option.default !== undefined ? ` (default: ${option.default})` : ''
  return `${option.help}${choices}${standard}`
}
