import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { StreamsError } from '../errors'
import type { TopologyDescription } from '../topology/description'
import type { CommandIo } from './io'
import { UsageError } from './usage-error'

/** What a module exports as its topology. Known by its shape: the module may have another copy of millrace than the command line. */
export interface LoadedTopology {
  describe(): string
  readonly description: TopologyDescription
}

/** Imports a module and takes its topology: the export `name`, else `topology`, else the default one. */
export const loadTopology = async (path: string, name: string | undefined, io: CommandIo): Promise<LoadedTopology> => {
  const file = resolve(io.cwd, path)
  if (!existsSync(file) || statSync(file).isDirectory()) throw new UsageError(`there is no module ${file}`)
  const exports = withCommonJs(await imported(file, io))
  const names = name === undefined ? ['topology', 'default'] : [name]
  const found = names.find((candidate) => exports[candidate] !== undefined)
  if (found === undefined) throw new UsageError(nothingFound(file, names, exports))
  const topology = await topologyOf(exports[found], `export ${found} of ${file}`)
  if (topology !== undefined) return topology
  throw new UsageError(
    `export ${found} of ${file} is no Topology: export what builder.build() returns, or a function that returns it`,
  )
}

const imported = async (file: string, io: CommandIo): Promise<Readonly<Record<string, unknown>>> => {
  try {
    return await io.importModule(file)
  } catch (error) {
    if (error instanceof UsageError || error instanceof StreamsError) throw error
    throw new StreamsError('INVALID_TOPOLOGY', `${file} can't be imported: ${messageOf(error)}`, {}, { cause: error })
  }
}

/** The named exports of a CommonJS module that Node.js has not found, or that a compiler has put below `default`. */
const withCommonJs = (exports: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const main = exports.default
  if (typeof main !== 'object' || main === null || isTopology(main) || isBuilder(main)) return exports
  return { ...(main as Record<string, unknown>), ...exports, default: (main as { default?: unknown }).default }
}

const nothingFound = (file: string, names: readonly string[], exports: Readonly<Record<string, unknown>>): string => {
  const others = Object.keys(exports).filter(
    (name) => exports[name] !== undefined && !['__esModule', 'module.exports'].includes(name),
  )
  const hint =
    others.length === 0 ? 'it exports nothing' : `it exports ${others.join(', ')}: choose one of them with --export`
  return `${file} has no export ${names.join(' or ')}; ${hint}`
}

const topologyOf = async (value: unknown, what: string): Promise<LoadedTopology | undefined> => {
  let topology: unknown = value
  if (typeof value === 'function') {
    try {
      topology = await (value as () => unknown)()
    } catch (error) {
      if (error instanceof StreamsError) throw error
      throw new StreamsError('INVALID_TOPOLOGY', `${what} has thrown: ${messageOf(error)}`, {}, { cause: error })
    }
  }
  if (isBuilder(topology)) topology = topology.build()
  return isTopology(topology) ? topology : undefined
}

const isTopology = (value: unknown): value is LoadedTopology =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Partial<LoadedTopology>).describe === 'function' &&
  typeof (value as Partial<LoadedTopology>).description === 'object'

const isBuilder = (value: unknown): value is { build(): unknown } =>
  typeof value === 'object' && value !== null && typeof (value as { build?: unknown }).build === 'function'

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
