import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { nearestName } from '../nearest-name'
import { PACKAGE_FOLDER } from '../package-folders'
import { type Command, parseInvocation, unknownOption } from './command'
import type { CommandEntry, CommandGroup } from './command-list'
import { COMMANDS } from './commands'
import { errorReport } from './error-report'
import { columns, commandHelp } from './help'
import { type CommandIo, EXIT } from './io'
import { UsageError } from './usage-error'

/** Runs one command line and resolves with its exit code; never rejects. */
export const runCommandLine = async (args: readonly string[], io: CommandIo): Promise<number> => {
  let help = 'millrace --help'
  try {
    const group = COMMANDS.find((entry) => 'commands' in entry && entry.name === args[0])
    if (group !== undefined) help = `millrace ${group.name} --help`
    const found = findCommand(args, io)
    if (typeof found === 'number') return found
    help = `millrace ${found.command.name} --help`
    const invocation = parseInvocation(found.command, found.rest, io)
    if (invocation === undefined) {
      io.out(commandHelp(found.command))
      return EXIT.ok
    }
    return (await found.command.run(invocation)) ?? EXIT.ok
  } catch (error) {
    const { code, message } = errorReport(error)
    const usage = error instanceof UsageError
    if (args.includes('--json')) io.err(`${JSON.stringify({ error: { code, message } })}\n`)
    else if (usage) io.err(`millrace: ${message}\nSee ${help}\n`)
    else io.err(`millrace: ${message} (${code})\n`)
    return usage ? EXIT.usage : EXIT.failed
  }
}

interface Found {
  readonly command: Command
  readonly rest: readonly string[]
}

/** The command that the first words name, or an exit code where they asked for help or for the version. */
const findCommand = (args: readonly string[], io: CommandIo): Found | number => {
  const [word, ...rest] = args
  if (word === undefined || isHelp(word)) return printHelp(word === undefined ? [] : rest, io)
  if (word === '--version' || word === '-v') {
    io.out(`${version()}\n`)
    return EXIT.ok
  }
  if (word.startsWith('-')) throw new UsageError(unknownOption(word, ['help', 'version']))
  const entry = named(COMMANDS, word, 'command')
  if (!('commands' in entry)) return { command: entry.load(), rest }
  const [verb, ...others] = rest
  if (verb === undefined || isHelp(verb)) {
    if (verb === undefined) {
      io.err(groupHelp(entry))
      return EXIT.usage
    }
    io.out(groupHelp(entry))
    return EXIT.ok
  }
  const what = `command of 'millrace ${entry.name}'`
  const usual = entry.commands.find(({ name }) => name === entry.usual)
  if (usual === undefined || entry.commands.some(({ name }) => name === verb)) {
    return { command: named(entry.commands, verb, what).load(), rest: others }
  }
  const mayBeWord = !verb.startsWith('-') && !/[\\/]/.test(verb)
  if (mayBeWord && !existsSync(resolve(io.cwd, verb))) named(entry.commands, verb, `${what}, and no folder here`)
  return { command: usual.load(), rest }
}

/** `millrace help groups list` is `millrace groups list --help`. */
const printHelp = (words: readonly string[], io: CommandIo): Found | number => {
  if (words.length > 0) return findCommand([...words, '--help'], io)
  io.out(generalHelp())
  return EXIT.ok
}

const isHelp = (word: string): boolean => word === 'help' || word === '--help' || word === '-h'

const named = <T extends { readonly name: string }>(entries: readonly T[], word: string, what: string): T => {
  const found = entries.find(({ name }) => name === word)
  if (found !== undefined) return found
  const names = entries.map(({ name }) => name)
  const near = nearestName(word, names)
  const hint = near === undefined ? `there are ${names.join(', ')}` : `did you mean ${near}?`
  throw new UsageError(`'${word}' is no ${what}: ${hint}`)
}

const generalHelp = (): string =>
  `millrace: stream processing for Kafka, and the tools around it

Usage: millrace <command> [options]

Commands:
${columns(COMMANDS.map(({ name, summary }) => [name, summary]))}
Options:
${columns([
  ['--version', 'print the version'],
  ['--help', 'print this help'],
])}
Each has its own help: millrace <command> --help. Commands that change something only print what they would do,
until they are given --execute.

Exit codes: 0 done, 1 failed, 2 wrong usage; millrace plan: 3 the change loses state.
`

const groupHelp = ({ name, summary, commands }: CommandGroup): string =>
  `${summary}

Usage: millrace ${name} <command> [options]

Commands:
${columns(commands.map((command: CommandEntry) => [command.name, command.summary]))}
Each has its own help: millrace ${name} <command> --help
`

const version = (): string =>
  (JSON.parse(readFileSync(join(PACKAGE_FOLDER, 'package.json'), 'utf8')) as { version: string }).version
