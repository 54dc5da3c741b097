import { spawnSync } from 'node:child_process'
import { CommandLine } from '../../../support/command-line-interface'

const cli = new CommandLine()
const BASH = spawnSync('bash', ['--version']).status === 0
const ZSH = spawnSync('zsh', ['--version']).status === 0
const FISH = spawnSync('fish', ['--version']).status === 0

/** What bash offers after these words. */
const offered = (script: string, ...words: string[]): string[] => {
  const quoted = words.map((word) => `'${word}'`).join(' ')
  const program = `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _millrace; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', program], { encoding: 'utf8' })
  if (stderr !== '') throw new Error(stderr)
  return stdout.split('\n').filter((line) => line !== '')
}

/** What fish offers for a line, without what it says about each. */
const offeredByFish = (script: string, line: string): string[] => {
  const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', `${script}\ncomplete -C '${line}'`], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: '/nonexistent' },
  })
  if (stderr !== '') throw new Error(stderr)
  return stdout.split('\n').flatMap((candidate) => (candidate === '' ? [] : [candidate.split('\t')[0]!]))
}

describe('millrace completion', () => {
  it('knows bash, zsh and fish', async () => {
    const bash = (await cli.run('completion', 'bash')).out
    expect((await cli.run('completion', 'zsh')).out).toMatch(/^autoload -U \+X bashcompinit && bashcompinit$/m)
    expect((await cli.run('completion', 'zsh')).out.endsWith(bash)).toBe(true)
    expect((await cli.run('completion', 'fish')).out).toContain("complete -c millrace -a '(__millrace_candidates)'")
    expect(await cli.run('completion', 'tcsh')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/give bash, zsh or fish/),
    })
  })

  it.each([
    ['bash', '~/.bashrc'],
    ['zsh', '~/.zshrc'],
    ['fish', '~/.config/fish/completions/millrace.fish'],
  ])('tells a person where the script of %s belongs', async (shell, file) => {
    const terminal = new CommandLine(undefined, { interactive: true })
    expect((await terminal.run('completion', shell)).err).toBe(`# add this to ${file}\n`)
  })

  ;(FISH ? it : it.skip)('completes commands, verbs and options in fish', async () => {
    const { out } = await cli.run('completion', 'fish')
    expect(offeredByFish(out, 'millrace d')).toEqual(['describe', 'dlq'])
    expect(offeredByFish(out, 'millrace describe package-')).toEqual(['package-lock.json'])
    expect(offeredByFish(out, 'millrace groups d')).toEqual(['delete', 'delete-offsets', 'describe'])
    expect(offeredByFish(out, 'millrace groups reset-offsets app --to-')).toEqual([
      '--to-datetime',
      '--to-earliest',
      '--to-latest',
      '--to-offset',
    ])
    expect(offeredByFish(out, 'millrace lag --app')).toEqual(['--application-id'])
  })

  ;(ZSH ? it : it.skip)('completes in a zsh whose completion is not switched on', async () => {
    const { out } = await cli.run('completion', 'zsh')
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', `${out}\nprint $_comps[millrace]`], {
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: '/nonexistent' },
    })
    expect({ stdout, stderr }).toEqual({ stdout: expect.stringContaining('_millrace'), stderr: '' })
  })

  ;(BASH ? it : it.skip)('completes commands, verbs and options', async () => {
    const { out } = await cli.run('completion', 'bash')
    expect(offered(out, 'millrace', 'de')).toEqual(['describe'])
    expect(offered(out, 'millrace', 'groups', 'de')).toEqual(['describe', 'delete-offsets', 'delete'])
    expect(offered(out, 'millrace', 'groups', 'reset-offsets', 'app', '--to-')).toEqual([
      '--to-earliest',
      '--to-latest',
      '--to-datetime',
      '--to-offset',
    ])
    expect(offered(out, 'millrace', 'lag', '--app')).toEqual(['--application-id'])
  })
})
