import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { levelEngine, type StateEngine } from 'millrace'
import { stateEngineContract } from 'millrace/testing/contracts'

const damage = async (directory: string): Promise<void> => {
  const manifest = (await readdir(directory)).find((file) => file.startsWith('MANIFEST'))!
  await rm(join(directory, manifest))
}

const withCache = (maxBytes: number): StateEngine => {
  const engine = levelEngine()
  const cache = { maxBytes }
  return { ...engine, open: (options) => engine.open({ ...options, cache }) }
}

describe.each([
  ['without a cache', levelEngine()],
  ['with a cache that has room for a few entries', withCache(1000)],
  ['with a cache that has room for all', withCache(1 << 20)],
])('%s', (_name, engine) => stateEngineContract({ describe, test, beforeEach, afterEach }, { engine, damage }))
