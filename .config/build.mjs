// One CommonJS build with types, and beside every entry point a thin ES module that re-exports the same objects:
// whoever mixes `import` and `require` still has one class of each name, so that instanceof holds.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { root, runTool } from './run.mjs'

const require = createRequire(import.meta.url)

rmSync(join(root, 'dist'), { recursive: true, force: true })
const status = runTool('typescript/bin/tsc', ['-p', 'tsconfig.build.json'])
if (status !== 0) process.exit(status)

// The dashboard's page is served as it is.
cpSync(join(root, 'lib/http/dashboard/page'), join(root, 'dist/http/dashboard/page'), { recursive: true })

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.values(exports)
  .filter((conditions) => typeof conditions === 'object')
  .map((conditions) => conditions.require.default)

// "." comes last: its wrapper is the newest file of a complete build, by which prepare.mjs knows one.
for (const entry of entries.reverse()) {
  const script = join(root, entry)
  const names = Object.keys(require(script)).filter((name) => name !== 'default' && name !== '__esModule')
  const source = `./${basename(entry)}`
  const constants =
    names.length > 0 ? `export const {\n${names.map((name) => `  ${name},\n`).join('')}} = commonjs\n` : ''
  writeFileSync(script.replace(/\.js$/, '.mjs'), `import commonjs from '${source}'\n${constants || 'export {}\n'}`)
  writeFileSync(script.replace(/\.js$/, '.d.mts'), `export * from '${source}'\n`)
}
