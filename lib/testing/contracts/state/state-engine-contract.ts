import type { StateEngine } from '../../../state/state-engine'
import type { TestFramework } from '../test-framework'
import { byteStoreContract } from './byte-store-contract'
import { commitContract } from './commit-contract'
import { durabilityContract } from './durability-contract'

/** The engine under test. */
export interface StateEngineSetup {
  /** Each test opens its databases in a temporary folder of its own. */
  readonly engine: StateEngine
  /**
   * Damages a closed database in a way that the engine must find when it opens it. Without it, nothing is tested of damage.
   */
  readonly damage?: (directory: string) => Promise<void>
}

/**
 * What the runtime relies on in a `StateEngine`, as tests: run it in the test suite of an engine of your own. Assertions are those
 * of `node:assert`.
 *
 * @example
 * // describe, test, beforeEach and afterEach are those of jest, vitest or node:test
 * stateEngineContract({ describe, test, beforeEach, afterEach }, { engine: memoryEngine() })
 */
export const stateEngineContract = (framework: TestFramework, { engine, damage }: StateEngineSetup): void => {
  framework.describe(`state engine ${engine.name}`, () => {
    framework.describe('byte store', () => byteStoreContract(framework, engine))
    framework.describe('commit', () => commitContract(framework, engine))
    if (engine.persistent) framework.describe('durability', () => durabilityContract(framework, engine, damage))
  })
}
