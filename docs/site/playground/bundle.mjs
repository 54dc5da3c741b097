// The worker of the playground as one script for browsers: the library, its test driver, and stand-ins for what only Node has.
import { build } from 'esbuild'
import { builtinModules } from 'node:module'
import { fileURLToPath } from 'node:url'

const path = (file) => fileURLToPath(new URL(file, import.meta.url))

/** What the library needs to talk to a broker or to keep state on disk. None of it runs here: only that it is asked for must not fail. */
const PACKAGES =
  /^(kafkajs|level|avsc|@kafkajs\/confluent-schema-registry|@bokuweb\/zstd-wasm|csv-parse|csv-stringify)(\/|$)/
const BUILTIN = new RegExp(`^(node:.*|${builtinModules.filter((name) => !name.startsWith('_')).join('|')})$`)

const standIns = {
  name: 'stand-ins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: PACKAGES }, ({ path: name }) => ({ path: name, namespace: 'absent' }))
    onResolve({ filter: BUILTIN }, ({ path: name }) => ({ path: name.replace('node:', ''), namespace: 'node' }))
    onLoad({ filter: /.*/, namespace: 'absent' }, () => ({ contents: 'module.exports = {}', loader: 'js' }))
    onLoad({ filter: /.*/, namespace: 'node' }, ({ path: name }) => ({
      contents: `module.exports = require('./node-modules')['${name.replace('/', '_')}'] ?? {}`,
      resolveDir: path('browser'),
      loader: 'js',
    }))
  },
}

/** Writes the script to a file. */
export const bundleWorker = async (outfile) => {
  await build({
    entryPoints: [path('worker.ts')],
    outfile,
    bundle: true,
    minify: true,
    // errors and the console show the names of classes
    keepNames: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    define: { __dirname: '""', global: 'globalThis' },
    inject: [path('browser/globals.ts')],
    plugins: [standIns],
    logLevel: 'warning',
    legalComments: 'none',
  })
}
