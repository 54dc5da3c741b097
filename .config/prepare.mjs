// Before `npm start`, `npm test` and the like: installs and builds what is missing or stale; quiet when nothing is.
import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const at = (...path) => join(root, ...path)

/** The installed packages and versions differ from the lockfile's. */
const installIsStale = () => {
  if (!existsSync(at('node_modules', '.package-lock.json'))) return true
  const packagesOf = (file) =>
    Object.entries(JSON.parse(readFileSync(file, 'utf8')).packages).filter(([path]) => path !== '')
  const installed = new Map(packagesOf(at('node_modules', '.package-lock.json')))
  const wanted = new Map(packagesOf(at('package-lock.json')))
  for (const [path, { version }] of installed) if (wanted.get(path)?.version !== version) return true
  // Optional ones are installed where the platform wants them.
  for (const [path, { optional, devOptional }] of wanted) {
    if (!installed.has(path) && !optional && !devOptional) return true
  }
  return false
}

/** The newest modification below a file or folder. */
const newest = (path) => {
  const stats = statSync(path)
  if (!stats.isDirectory()) return stats.mtimeMs
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))))
}

const buildIsStale = () => {
  const lastWritten = at('dist', 'index.mjs')
  if (!existsSync(lastWritten)) return true
  const sources = ['lib', 'package.json', 'tsconfig.json', 'tsconfig.build.json', '.config/build.mjs']
  return Math.max(...sources.map((source) => newest(at(source)))) > statSync(lastWritten).mtimeMs
}

const run = (what, command, args) => {
  console.error(what)
  // npm is a script that only a shell finds on Windows.
  const { status } = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
}

/** `npm ci` starts by removing everything in node_modules: behind a link, that is another checkout's. */
const refuseLinkedInstall = () => {
  const modules = at('node_modules')
  if (!lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) return
  const target = existsSync(modules) ? realpathSync(modules) : 'a folder that does not exist'
  console.error(
    `node_modules is a link to ${target}, whose packages are not those of package-lock.json. Nothing was installed, ` +
      'since `npm ci` would empty that folder: run it there, or replace the link with an installation of its own.',
  )
  process.exit(1)
}

if (installIsStale()) {
  refuseLinkedInstall()
  run('installing dependencies …', 'npm', ['ci', '--no-audit', '--no-fund'])
}
if (buildIsStale()) run('building …', process.execPath, ['.config/build.mjs'])
