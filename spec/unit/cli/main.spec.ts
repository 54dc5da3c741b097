import { COMMANDS } from '../../../lib/cli/commands'
import { commandHelp } from '../../../lib/cli/help'
import { CommandLine } from '../../support/command-line-interface'
import { version } from '../../../package.json'

const cli = new CommandLine()
const entries = COMMANDS.flatMap((entry) =>
  'commands' in entry
    ? entry.commands.map((command) => ({ words: [entry.name, command.name], entry: command }))
    : [{ words: [entry.name], entry }],
)

describe('the command line', () => {
  it('lists its commands with --help, help and without anything', async () => {
    const { code, out, err } = await cli.run('--help')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    for (const { name, summary } of COMMANDS)
      expect(out).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 20)}`, 'm'))
    expect(out).toMatch(/^ {2}--version +print the version$/m)
    expect((await cli.run()).out).toBe(out)
    expect((await cli.run('help')).out).toBe(out)
  })

  it('prints its version', async () => {
    expect(await cli.run('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' })
  })

  it('suggests the command and the option that were meant', async () => {
    expect(await cli.run('descrbe')).toMatchObject({ code: 2, err: /./ })
    expect((await cli.run('descrbe')).err).toBe(
      "millrace: 'descrbe' is no command: did you mean describe?\nSee millrace --help\n",
    )
    expect((await cli.run('describe', 'x', '--frmat', 'json')).err).toBe(
      'millrace: unknown option --frmat: did you mean --format?\nSee millrace describe --help\n',
    )
  })

  it.each([
    [['groups', 'lst'], "'lst' is no command of 'millrace groups': did you mean list?", 'millrace groups --help'],
    [
      ['state', 'lst'],
      "'lst' is no command of 'millrace state', and no folder here: did you mean list?",
      'millrace state --help',
    ],
    [
      ['state', 'my-app'],
      "'my-app' is no command of 'millrace state', and no folder here: there are list, get, scan",
      'millrace state --help',
    ],
    [['--verson'], 'unknown option --verson: did you mean --version?', 'millrace --help'],
    [['lag', '-x'], 'unknown option -x', 'millrace lag --help'],
    [['lag', 'orders'], "unexpected argument 'orders': did you mean --application-id orders?", 'millrace lag --help'],
    [['lag', '--application-id', 'a', 'b'], "unexpected argument 'b'", 'millrace lag --help'],
    [
      ['lag', '--application-id'],
      '--application-id has no value: the application, or any consumer group',
      'millrace lag --help',
    ],
    [
      ['groups', 'reset-offsets', 'orders', '--shift-by', '-1'],
      '--shift-by has no value: one that begins with a dash is --shift-by=-…',
      'millrace groups reset-offsets --help',
    ],
    [
      ['groups', 'list', '--state', 'Stabel'],
      "there is no state 'stabel': give PreparingRebalance, CompletingRebalance, Assigning, Reconciling, Stable, Empty, Dead",
      'millrace groups list --help',
    ],
  ])('says what is wrong with %j', async (args, message, help) => {
    expect(await cli.run(...args)).toEqual({ code: 2, out: '', err: `millrace: ${message}\nSee ${help}\n` })
  })

  it('reports errors as JSON with --json', async () => {
    const { code, out, err } = await cli.run('describe', '--json')
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(JSON.parse(err)).toEqual({
      error: { code: 'USAGE', message: 'module is missing: the file to import: .js, .mjs, .cjs or .ts' },
    })
  })

  describe.each(entries)('millrace $words', ({ words, entry }) => {
    it('has a help with usage, options and an example', async () => {
      const command = entry.load()
      expect(command).toMatchObject({ name: words.join(' '), summary: entry.summary })
      const { code, out } = await cli.run(...words, '--help')
      expect({ code, out }).toEqual({ code: 0, out: commandHelp(command) })
      expect((await cli.run('help', ...words)).out).toBe(out)
      expect(out).toContain(`Usage: millrace ${words.join(' ')}`)
      expect(out).toMatch(/--json +print JSON/)
      for (const example of command.examples) expect(example.startsWith(`${words.join(' ')}`)).toBe(true)
      expect(out.split('\n').filter((line) => line.length > 140)).toEqual([])
    })
  })
})
