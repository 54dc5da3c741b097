import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { temporaryFolder } from '../unit/state/temporary-folder'
import type * as Bundled from './bundled'

const MODULE: string = './bundled'
const folder = temporaryFolder()
const LONG_AGO = new Date(Date.now() - 30 * 24 * 3_600_000)

const program = (name: string, text: string): string => {
  const file = join(folder.path, name)
  writeFileSync(file, text)
  return file
}

/** As another run of the suites would make it: this one bundles each program once. */
const bundle = async (file: string): Promise<string> => {
  let path = ''
  await jest.isolateModulesAsync(async () => {
    const { bundled } = (await import(MODULE)) as typeof Bundled
    path = bundled(file)
  })
  return path
}

describe('a bundle', () => {
  it('contains a changed module as soon as it is made again', async () => {
    const main = program('main.ts', `import { answer } from './module'\nconsole.log(answer)`)
    for (const answer of ['before', 'after']) {
      program('module.ts', `export const answer: string = '${answer}'`)
      expect(readFileSync(await bundle(main), 'utf8')).toContain(answer)
    }
  })

  it('that nobody has used for a week is deleted, and one that is used is kept', async () => {
    const main = program('main.ts', 'console.log("used")')
    const used = await bundle(main)
    const unused = join(dirname(used), 'unused-0123456789abcdef.js')
    writeFileSync(unused, '')
    for (const path of [used, unused]) utimesSync(path, LONG_AGO, LONG_AGO)
    expect(await bundle(main)).toBe(used)
    await bundle(program('other.ts', 'console.log("other")'))
    expect([existsSync(used), existsSync(unused)]).toEqual([true, false])
  })
})
