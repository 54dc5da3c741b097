/** What a contract suite needs of a test framework: jest, vitest and mocha (`describe`, `it as test` …) have it as it is. */
export interface TestFramework {
  /** Groups tests under a name. */
  describe(name: string, define: () => void): void
  /** Defines a test; it fails by throwing or rejecting. */
  test(name: string, run: () => Promise<void>): void
  /** Runs before each test of its group. */
  beforeEach(run: () => Promise<void>): void
  /** Runs after each test of its group. */
  afterEach(run: () => Promise<void>): void
}
