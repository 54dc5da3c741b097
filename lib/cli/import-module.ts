import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { UsageError } from './usage-error'

type Exports = Readonly<Record<string, unknown>>

/** As Node.js imports it: TypeScript by tsx if the module's project has it, else by what Node.js itself can do. */
export const importModule = async (path: string): Promise<Exports> => {
  const isTypeScript = /\.[cm]?tsx?$/.test(path)
  const native = !isTypeScript || !(await registerTsx(path))
  try {
    return (await import(pathToFileURL(path).href)) as Exports
  } catch (error) {
    if (isTypeScript && native && isTypeScriptProblem(error)) {
      throw new UsageError(
        `${path} is TypeScript, which this Node.js can't run as it is: install tsx in the project, or name the compiled file`,
      )
    }
    throw error
  }
}

/** For the rest of the process. False where tsx isn't installed beside the module. */
const registerTsx = async (path: string): Promise<boolean> => {
  const require = createRequire(path)
  let manifest: string
  try {
    manifest = require.resolve('tsx/package.json')
  } catch {
    return false
  }
  ;(require('tsx/cjs/api') as { register(): void }).register()
  // what require would resolve is a wrapper for CommonJS
  const { exports } = JSON.parse(readFileSync(manifest, 'utf8')) as TsxManifest
  const api = join(dirname(manifest), exports['./esm/api'].import.default)
  ;((await import(pathToFileURL(api).href)) as { register(): void }).register()
  return true
}

interface TsxManifest {
  readonly exports: { readonly './esm/api': { readonly import: { readonly default: string } } }
}

/** What Node.js says of a file that it takes for JavaScript, or of imports without an extension. */
const isTypeScriptProblem = (error: unknown): boolean =>
  error instanceof SyntaxError ||
  ['ERR_UNKNOWN_FILE_EXTENSION', 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX', 'ERR_MODULE_NOT_FOUND'].includes(
    (error as { code?: string }).code ?? '',
  )
