import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { levelEngine } from 'millrace'
import { stateEngineContract } from 'millrace/testing/contracts'

const damage = async (directory: string): Promise<void> => {
  const manifest = (await readdir(directory)).find((file) => file.startsWith('MANIFEST'))!
  await rm(join(directory, manifest))
}

stateEngineContract({ describe, test, beforeEach, afterEach }, { engine: levelEngine(), damage })
