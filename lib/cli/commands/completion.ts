import { type Command, defineCommand, optionsOf } from '../command'
import { UsageError } from '../usage-error'
import type { CommandEntry, CommandGroup } from '../command-list'

type Commands = readonly (CommandEntry | CommandGroup)[]

/** A shell, with its script and where that belongs. */
interface Shell {
  readonly script: (commands: Commands) => string
  readonly file: string
}

/** Completes these commands. */
export const completionOf = (commands: Commands): Command =>
  defineCommand({
    name: 'completion',
    summary: 'Print a script that completes commands and options in the shell',
    arguments: [{ name: 'shell', help: 'bash, zsh or fish' }],
    options: {},
    examples: [
      'completion bash >> ~/.bashrc',
      'completion zsh >> ~/.zshrc',
      'completion fish > ~/.config/fish/completions/millrace.fish',
    ],
    async run({ args, io, print }) {
      const name = args[0]!
      const shell = SHELLS.get(name)
      if (shell === undefined) throw new UsageError(`there is no completion for '${name}': give bash, zsh or fish`)
      const script = shell.script(commands)
      print({ shell: name, script }, () => script)
      if (io.interactive) io.err(`# add this to ${shell.file}\n`)
    },
  })

/** What can follow some words, each with what it is for. */
interface Candidates {
  /** `groups ` or `groups list`: command, space, verb. */
  readonly after: string
  readonly words: readonly (readonly [word: string, help: string])[]
}

const HELP = ['--help', 'print this help'] as const

const candidatesOf = (commands: Commands): Candidates[] =>
  commands.flatMap((entry) => {
    if (!('commands' in entry)) return [optionsAfter(`${entry.name} `, entry.load())]
    const verbs = entry.commands.map(({ name, summary }) => [name, summary] as const)
    return [
      { after: `${entry.name} `, words: [...verbs, HELP] },
      ...entry.commands.map((command) => optionsAfter(`${entry.name} ${command.name}`, command.load())),
    ]
  })

const optionsAfter = (after: string, command: Command): Candidates => ({
  after,
  words: Object.entries(optionsOf(command)).map(([name, { help }]) => [`--${name}`, help]),
})

/** What can stand first. */
const firstWords = (commands: Commands): Candidates['words'] => [
  ...commands.map(({ name, summary }) => [name, summary] as const),
  ['help', 'print the help of a command'],
  HELP,
  ['--version', 'print the version'],
]

const groupsOf = (commands: Commands): string[] =>
  commands.flatMap((entry) => ('commands' in entry ? [entry.name] : []))

const namesOf = (words: Candidates['words']): string => words.map(([word]) => word).join(' ')

const bashScript = (commands: Commands): string => `# millrace completion
_millrace() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}" verb='' words=''
  case "$command" in ${groupsOf(commands).join('|')}) [ "$COMP_CWORD" -gt 2 ] && verb="\${COMP_WORDS[2]}" ;; esac
  case "$command $verb" in
${candidatesOf(commands)
  .map(({ after, words }) => `    '${after}') words='${namesOf(words)}' ;;`)
  .join('\n')}
  esac
  [ "$COMP_CWORD" -eq 1 ] && words='${namesOf(firstWords(commands))}'
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
}
complete -o default -F _millrace millrace
`

/** What bash's completion needs in zsh, whose own is not switched on everywhere. */
const zshScript = (commands: Commands): string => `(( $+functions[compdef] )) || { autoload -U compinit && compinit -i }
autoload -U +X bashcompinit && bashcompinit
${bashScript(commands)}`

const fishScript = (commands: Commands): string => `# millrace completion
function __millrace_candidates
  set -l before (commandline -opc)
  set -l verb ''
  contains -- "$before[2]" ${groupsOf(commands).join(' ')}; and set verb "$before[3]"
  switch "$before[2] $verb"
${[{ after: ' ', words: firstWords(commands) }, ...candidatesOf(commands)]
  .map(({ after, words }) => `    case ${fishQuoted(after)}\n${words.map(fishLine).join('')}`)
  .join('')}  end
end
complete -c millrace -a '(__millrace_candidates)'
complete -c millrace -f -n 'set -l before (commandline -opc); contains -- "$before[2..-1]" ${quotedPlaces(commands)}'
`

/** Where only a command fits, and no file: bash tries files last, fish would mix them in. */
const quotedPlaces = (commands: Commands): string =>
  ['', ...commands.flatMap((entry) => ('commands' in entry && entry.usual === undefined ? [entry.name] : []))]
    .map((words) => `"${words}"`)
    .join(' ')

const fishLine = ([word, help]: readonly [string, string]): string =>
  `      printf '%s\\t%s\\n' ${fishQuoted(word)} ${fishQuoted(help)}\n`

const fishQuoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`

const SHELLS: ReadonlyMap<string, Shell> = new Map([
  ['bash', { script: bashScript, file: '~/.bashrc' }],
  ['zsh', { script: zshScript, file: '~/.zshrc' }],
  ['fish', { script: fishScript, file: '~/.config/fish/completions/millrace.fish' }],
])
