import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { buildSync } from 'esbuild'

const ROOT = resolve(__dirname, '../..')
/** Below `node_modules`, so that a bundle finds the packages it requires. */
const FOLDER = join(ROOT, 'node_modules/.cache/millrace/bundles')

/** Each change of the library leaves bundles behind that are never used again. */
const KEPT_MS = 7 * 24 * 3_600_000

const known = new Map<string, string>()

/**
 * A TypeScript program with all of ours that it imports, as one JavaScript file: it starts ten times as fast as with tsx,
 * which counts in suites that start dozens of processes.
 */
export const bundled = (file: string): string => {
  const path = known.get(file) ?? bundle(file)
  known.set(file, path)
  return path
}

const bundle = (file: string): string => {
  const { outputFiles } = buildSync({
    entryPoints: [file],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    packages: 'external',
    tsconfig: join(ROOT, 'tsconfig.json'),
    write: false,
    logLevel: 'error',
  })
  const { contents } = outputFiles[0]!
  const hash = createHash('sha256').update(contents).digest('hex').slice(0, 16)
  const path = join(FOLDER, `${basename(file, '.ts')}-${hash}.js`)
  if (existsSync(path)) {
    const now = new Date()
    utimesSync(path, now, now)
  } else {
    mkdirSync(FOLDER, { recursive: true })
    deleteUnused()
    // another worker may run it as soon as it is there
    const partial = `${path}.${process.pid}`
    writeFileSync(partial, contents)
    renameSync(partial, path)
  }
  return path
}

const deleteUnused = (): void => {
  for (const name of readdirSync(FOLDER)) {
    const path = join(FOLDER, name)
    const stats = statSync(path, { throwIfNoEntry: false })
    if (stats && Date.now() - stats.mtimeMs > KEPT_MS) rmSync(path, { force: true })
  }
}
