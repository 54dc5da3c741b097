import { type Command, type OptionSpec, optionsOf } from './command'

/** Two columns, the second one aligned. */
export const columns = (rows: ReadonlyArray<readonly [string, string]>): string => {
  const width = Math.max(0, ...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}\n`).join('')
}

const usageLine = (command: Command): string => {
  const required = Object.entries(command.options).filter(([, { required }]) => required === true)
  const options = required.map(([name, spec]) => ` ${flag(name, spec)}`).join('')
  const args = (command.arguments ?? []).map(({ name, optional }) => (optional === true ? ` [${name}]` : ` <${name}>`))
  return `millrace ${command.name}${args.join('')}${options} [options]`
}

/** The whole help of a command. */
export const commandHelp = (command: Command): string => {
  const sections = [`${command.summary}\n${command.details === undefined ? '' : `\n${command.details.trim()}\n`}`]
  sections.push(`Usage: ${usageLine(command)}\n`)
  const args = command.arguments ?? []
  if (args.length > 0) sections.push(`Arguments:\n${columns(args.map(({ name, help }) => [name, help]))}`)
  const options = Object.entries(optionsOf(command))
  sections.push(`Options:\n${columns(options.map(([name, spec]) => [flag(name, spec), helpOf(spec)]))}`)
  const [, ...more] = command.examples
  sections.push(
    `Example${more.length === 0 ? '' : 's'}:\n${command.examples.map((text) => `  millrace ${text}\n`).join('')}`,
  )
  return sections.join('\n')
}

const flag = (name: string, { type, value, choices }: OptionSpec): string =>
  type === 'boolean' ? `--${name}` : `--${name} <${value ?? choices?.join('|') ?? 'value'}>`

const helpOf = ({ help, required }: OptionSpec): string => (required === true ? `${help} (required)` : help)
