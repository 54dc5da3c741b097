import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseCommandLine } from './command-line'

const line = {
  command: 'npm run sample --',
  about: 'Takes a sample.',
  options: {
    count: { type: 'number', default: 10, help: 'How many' },
    seed: { type: 'number', least: 0, help: 'Where to begin' },
    mode: { type: 'text', value: 'NAME', choices: ['fast', 'exact'], default: 'fast', help: 'How' },
    out: { type: 'text', value: 'FILE', help: 'Where to' },
    verbose: { type: 'flag', help: 'More of it' },
  },
} as const

const parse = (...args: string[]): unknown => {
  const parsed = parseCommandLine(line, args)
  return parsed.kind === 'run' ? parsed.values : parsed
}

const refused = (message: string): unknown => ({
  kind: 'stop',
  text: expect.stringContaining(message),
  exitCode: 2,
})

describe('parseCommandLine', () => {
  it('fills in defaults', () => {
    expect(parse()).toEqual({ count: 10, seed: undefined, mode: 'fast', out: undefined, verbose: false })
  })

  it('reads texts, numbers, choices and flags', () => {
    const values = parse('--count', '3', '--seed=0', '--mode', 'exact', '--out', 'a.txt', '--verbose')
    expect(values).toEqual({ count: 3, seed: 0, mode: 'exact', out: 'a.txt', verbose: true })
  })

  it.each([
    ['an unknown option', ['--cuont', '3'], "Unknown option '--cuont'"],
    ['an argument it does not take', ['3'], "Unexpected argument '3'"],
    ['an option without its value', ['--out'], "Option '--out"],
    ['a value for a flag', ['--verbose=yes'], "Option '--verbose' does not take an argument"],
    ['a number that is none', ['--count', 'many'], "--count takes a whole number of at least 1, not 'many'"],
    ['a number that is too small', ['--count', '0'], "--count takes a whole number of at least 1, not '0'"],
    ['a fraction', ['--seed', '1.5'], "--seed takes a whole number of at least 0, not '1.5'"],
    ['a value that is no choice', ['--mode', 'slow'], "--mode takes fast or exact, not 'slow'"],
  ])('refuses %s and points to the help', (_, args, message) => {
    expect(parse(...args)).toEqual(refused(message))
    expect(parse(...args)).toEqual(refused('See npm run sample -- --help'))
  })

  it('explains itself, whatever else is on the command line', () => {
    const help = parse('--cuont', '-h') as { text: string; exitCode: number }
    expect(help.exitCode).toBe(0)
    expect(help.text.split('\n')).toEqual([
      'usage: npm run sample -- [options]',
      '',
      'Takes a sample.',
      '',
      'options:',
      '  --count N    How many (default: 10)',
      '  --seed N     Where to begin',
      '  --mode NAME  How: fast or exact (default: fast)',
      '  --out FILE   Where to',
      '  --verbose    More of it',
      '  --help, -h   Print this text',
    ])
  })

  it('takes one of its commands, and says which there are', () => {
    const commands = { weigh: 'By weight', count: 'By number' }
    const parseCommand = (...args: string[]): unknown => parseCommandLine({ ...line, commands }, args)
    expect(parseCommand('weigh', '--count', '3')).toMatchObject({ kind: 'run', command: 'weigh', values: { count: 3 } })
    expect(parseCommand()).toEqual(refused('Name what to run: weigh or count'))
    expect(parseCommand('taste')).toEqual(refused("Unknown 'taste': name weigh or count"))
    expect(parseCommand('weigh', 'count')).toEqual(refused("Unexpected argument 'count'"))
    expect(parseCommand('--help')).toMatchObject({ text: expect.stringContaining('  weigh        By weight') })
  })
})

describe('the programs of package.json', () => {
  const root = resolve(__dirname, '../..')
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Readonly<Record<string, string>>
  }

  const run = (name: string, ...args: string[]) => {
    const [tsx, file] = scripts[name]!.split(' ')
    expect(tsx).toBe('tsx')
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'node_modules/tsx/dist/cli.mjs'), file!, ...args],
      { cwd: root, encoding: 'utf8' },
    )
    return { status, stdout, stderr }
  }

  it.each(['bench', 'golden', 'differential'])('npm run %s -- --help explains it and ends with 0', (name) => {
    const usage = expect.stringContaining(`usage: npm run ${name} --`)
    expect(run(name, '--help')).toEqual({ status: 0, stdout: usage, stderr: '' })
  })

  it.each(['bench', 'golden', 'differential'])('npm run %s with an unknown option ends with 2', (name) => {
    const unknown = expect.stringContaining("Unknown option '--nothing'")
    expect(run(name, '--nothing')).toEqual({ status: 2, stdout: '', stderr: unknown })
  })
})
