import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

const ROOT = resolve(__dirname, '../..')

export const runNpm = (cwd: string, command: 'npm' | 'npx', ...args: readonly string[]): string =>
  execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32', // there both are scripts
    env: { ...process.env, npm_config_offline: 'true', npm_config_update_notifier: 'false' },
  })

interface Manifest {
  readonly bin?: Readonly<Record<string, string>> | string
  readonly dependencies?: Readonly<Record<string, string>>
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/**
 * What `npm install millrace` and `more` leave in `folder`, without a registry: the package as npm packs it, unpacked, and links to the
 * repository's own copies of everything else.
 */
export const installPacked = (folder: string, more: readonly string[]): void => {
  execFileSync(process.execPath, ['.config/prepare.mjs'], { cwd: ROOT, stdio: 'ignore' })
  const packed = runNpm(ROOT, 'npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', folder)
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }]
  const modules = join(folder, 'node_modules')
  const millrace = join(modules, 'millrace')
  mkdirSync(millrace, { recursive: true })
  execFileSync('tar', ['-xzf', join(folder, filename), '-C', millrace, '--strip-components=1'])
  for (const name of [...Object.keys(manifestOf(millrace).dependencies ?? {}), ...more]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(realpathSync(join(ROOT, 'node_modules', name)), join(modules, name), 'junction')
  }
  for (const name of ['millrace', ...more]) linkCommands(modules, name)
}

const linkCommands = (modules: string, name: string): void => {
  const { bin = {} } = manifestOf(join(modules, name))
  mkdirSync(join(modules, '.bin'), { recursive: true })
  for (const [command, file] of Object.entries(typeof bin === 'string' ? { [name]: bin } : bin)) {
    const target = join(modules, name, file)
    chmodSync(target, 0o755)
    symlinkSync(target, join(modules, '.bin', command))
  }
}
