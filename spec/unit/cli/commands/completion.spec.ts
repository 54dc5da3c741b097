import { spawnSync } from 'node:child_process'
import { CommandLine } from '../../../support/command-line-interface'

const cli = new CommandLine()
const BASH = spawnSync('bash', ['--version']).status === 0
const ZSH = spawnSync('zsh', ['--version']).status === 0

/** What bash offers after these words. */
const offered = (script: string, ...words: string[]): string[] => {
  const quoted = words.map((word) => `'${word}'`).join(' ')
  const program = `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _millrace; printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = spawnSync('bash', ['-c', program], { encoding: 'utf8' })
  if (stderr !== '') throw new Error(stderr)
  return stdout.split('\n').filter((line) => line !== '')
}

describe('millrace completion', () => {
  it('knows bash and zsh', async () => {
    const bash = (await cli.run('completion', 'bash')).out
    expect((await cli.run('completion', 'zsh')).out).toMatch(/^autoload -U \+X bashcompinit && bashcompinit$/m)
    expect((await cli.run('completion', 'zsh')).out.endsWith(bash)).toBe(true)
    expect(await cli.run('completion', 'fish')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/give bash or zsh/),
    })
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
