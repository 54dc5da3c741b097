// One CommonJS file with all modules, each run when it is first required, so that an import opens one file instead of hundreds, and every
// entry point has the same objects. Beside each entry point lies a thin ES module that re-exports these: whoever mixes `import` and
// `require` still has one class of each name, so that instanceof holds. Types stay in a file for each module.
import { build } from 'esbuild'
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, posix } from 'node:path'
import { root, runTool } from './run.mjs'

const require = createRequire(import.meta.url)
const dist = join(root, 'dist')
const MODULES = 'millrace.js'

rmSync(dist, { recursive: true, force: true })
const status = runTool('typescript/bin/tsc', ['-p', 'tsconfig.build.json'])
if (status !== 0) process.exit(status)

const { exports, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.values(exports)
  .filter((conditions) => typeof conditions === 'object')
  .map((conditions) => posix.relative('dist', conditions.require.default))
const commands = Object.values(bin).map((file) => posix.relative('dist', file))

// In Node both globals are getters, which run at every use of the name: that of Buffer takes 12 to 30 ns, as long as a short one takes to make.
const CONSTANTS = "const { Buffer } = require('node:buffer'), { performance } = require('node:perf_hooks')"

await build({
  stdin: {
    contents: [...entries, ...commands].map((file) => `exports['${file}'] = () => require('./${file}')\n`).join(''),
    resolveDir: dist,
  },
  outfile: join(dist, MODULES),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  banner: { js: CONSTANTS },
  target: 'node20',
  packages: 'external',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
})

// esbuild gives a class that mentions itself a name of its own, as in `var KStream = class _KStream`, which stack traces and the console would
// show. A space takes the place of the underscore, so that the source map still fits.
const modules = readFileSync(join(dist, MODULES), 'utf8')
const renamed = [...modules.matchAll(/\bvar (\w+) = class _\1\b/g)].map(([, name]) => name)
writeFileSync(join(dist, MODULES), modules.replace(new RegExp(`\\b_(${renamed.join('|')})\\b`, 'g'), ' $1'))

for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (/\.js(\.map)?$/.test(file) && !file.startsWith(MODULES)) rmSync(join(dist, file))
}

// Types that no entry point leads to are of use to nobody. The set grows while it is walked.
const declarations = new Set(entries.map((file) => join(dist, file.replace(/\.js$/, '.d.ts'))))
for (const file of declarations) {
  for (const [, name] of readFileSync(file, 'utf8').matchAll(/\b(?:from |import\()['"](\.[^'"]+)/g)) {
    const path = join(dirname(file), name)
    const target = [`${path}.d.ts`, join(path, 'index.d.ts')].find((candidate) => existsSync(candidate))
    if (target !== undefined) declarations.add(target)
  }
}
for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
  if (/\.d\.ts(\.map)?$/.test(file) && !declarations.has(join(dist, file.replace(/\.map$/, ''))))
    rmSync(join(dist, file))
}

// The dashboard's page is served as it is.
cpSync(join(root, 'lib/http/dashboard/page'), join(dist, 'http/dashboard/page'), { recursive: true })

const requireFrom = (file) => {
  const path = posix.relative(posix.dirname(file), MODULES)
  return `require('${path.startsWith('.') ? path : `./${path}`}')`
}

for (const file of commands) {
  writeFileSync(join(dist, file), `#!/usr/bin/env node\n${requireFrom(file)}['${file}']()\n`)
  chmodSync(join(dist, file), 0o755)
}
// Two statements: after `module.exports = require(…)`, an import of the wrapper would have Node scan all modules for the names of exports, which
// takes three times as long as to run them.
for (const file of entries) {
  writeFileSync(join(dist, file), `const modules = ${requireFrom(file)}\nmodule.exports = modules['${file}']()\n`)
}

// "." comes last: its wrapper is the newest file of a complete build, by which prepare.mjs knows one.
for (const entry of entries.reverse()) {
  const script = join(dist, entry)
  const names = Object.keys(require(script)).filter((name) => name !== 'default' && name !== '__esModule')
  const source = `./${basename(entry)}`
  const constants =
    names.length > 0 ? `export const {\n${names.map((name) => `  ${name},\n`).join('')}} = commonjs\n` : ''
  writeFileSync(script.replace(/\.js$/, '.mjs'), `import commonjs from '${source}'\n${constants || 'export {}\n'}`)
  writeFileSync(script.replace(/\.js$/, '.d.mts'), `export * from '${source}'\n`)
}
