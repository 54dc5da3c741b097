import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ROOT = resolve(__dirname, '../..')

/** A checkout whose node_modules is a link to that of another, whose packages are not those of the lockfile. */
describe('preparing a checkout whose node_modules is a link', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-prepare-'))
    cpSync(join(ROOT, '.config/prepare.mjs'), join(folder, 'checkout/.config/prepare.mjs'))
    writeFileSync(
      join(folder, 'checkout/package-lock.json'),
      JSON.stringify({ packages: { left: { version: '2.0.0' } } }),
    )
    mkdirSync(join(folder, 'installed'))
    writeFileSync(
      join(folder, 'installed/.package-lock.json'),
      JSON.stringify({ packages: { left: { version: '1.0.0' } } }),
    )
    symlinkSync(join(folder, 'installed'), join(folder, 'checkout/node_modules'), 'junction')
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('installs nothing, and says what to do', () => {
    const prepared = spawnSync(process.execPath, [join(folder, 'checkout/.config/prepare.mjs')], { encoding: 'utf8' })
    expect(prepared.status).toBe(1)
    expect(prepared.stderr).toMatch(/node_modules is a link to .*installed.*`npm ci` would empty/)
    expect(readFileSync(join(folder, 'installed/.package-lock.json'), 'utf8')).toContain('1.0.0')
  })
})
