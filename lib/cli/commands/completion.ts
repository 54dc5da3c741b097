import { type Command, defineCommand, optionsOf } from '../command'
import { UsageError } from '../usage-error'
import type { CommandEntry, CommandGroup } from '../command-list'

type Commands = readonly (CommandEntry | CommandGroup)[]

/** Completes these commands. */
export const completionOf = (commands: Commands): Command =>
  defineCommand({
    name: 'completion',
    summary: 'Print a script that completes commands and options in the shell',
    arguments: [{ name: 'shell', help: 'bash or zsh' }],
    options: {},
    examples: ['completion bash >> ~/.bashrc', 'completion zsh >> ~/.zshrc'],
    async run({ args, io, print }) {
      const shell = args[0]!
      if (shell !== 'bash' && shell !== 'zsh')
        throw new UsageError(`there is no completion for '${shell}': give bash or zsh`)
      const script = shell === 'zsh' ? `${ZSH}${bashScript(commands)}` : bashScript(commands)
      print({ shell, script }, () => script)
      if (io.interactive) io.err(`# add this to ~/.${shell}rc\n`)
    },
  })

/** What bash's completion needs in zsh, whose own is not switched on everywhere. */
const ZSH = `(( $+functions[compdef] )) || { autoload -U compinit && compinit -i }
autoload -U +X bashcompinit && bashcompinit
`

const bashScript = (commands: Commands): string => {
  const cases: string[] = []
  for (const entry of commands) {
    if ('commands' in entry) {
      cases.push(`    '${entry.name} ') words='${entry.commands.map(({ name }) => name).join(' ')} --help' ;;`)
      for (const command of entry.commands) cases.push(optionCase(`${entry.name} ${command.name}`, command.load()))
    } else cases.push(optionCase(`${entry.name} `, entry.load()))
  }
  const names = commands.map(({ name }) => name).join(' ')
  const groups = commands.flatMap((entry) => ('commands' in entry ? [entry.name] : [])).join('|')
  return `# millrace completion
_millrace() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command="\${COMP_WORDS[1]}" verb='' words=''
  case "$command" in ${groups}) [ "$COMP_CWORD" -gt 2 ] && verb="\${COMP_WORDS[2]}" ;; esac
  case "$command $verb" in
${cases.join('\n')}
  esac
  [ "$COMP_CWORD" -eq 1 ] && words='${names} help --help --version'
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
}
complete -o default -F _millrace millrace
`
}

const optionCase = (words: string, command: Command): string => {
  const options = Object.keys(optionsOf(command)).map((name) => `--${name}`)
  return `    '${words}') words='${options.join(' ')}' ;;`
}
