const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' }, sourceMaps: 'inline' },
  ],
}

const common = {
  rootDir: __dirname,
  testEnvironment: 'node',
  testMatch: ['<rootDir>/spec/**/*.spec.ts'],
  transform,
  moduleNameMapper: {
    '^millrace$': '<rootDir>/lib/index.ts',
    '^millrace/testing$': '<rootDir>/lib/testing/index.ts',
    '^millrace/testing/contracts$': '<rootDir>/lib/testing/contracts/index.ts',
    '^millrace/embedded$': '<rootDir>/lib/embedded.ts',
    '^millrace/http$': '<rootDir>/lib/http/index.ts',
    '^millrace/metrics$': '<rootDir>/lib/metrics/index.ts',
    '^millrace/opentelemetry$': '<rootDir>/lib/opentelemetry/index.ts',
    '^millrace/files$': '<rootDir>/lib/files/index.ts',
  },
  // Looked up in jest's sandbox at every use, it makes hash functions a hundred times slower.
  sandboxInjectedGlobals: ['Math'],
  modulePathIgnorePatterns: ['<rootDir>/dist/'],
}

/** Suites that talk to a real broker, one started for all of them; .config/test.mjs limits how many run at once. */
const kafka = [
  '/spec/integration/',
  '/spec/faults/',
  '/spec/migration/',
  '/spec/contract/kafka/kafkajs',
  '/spec/chaos/chaos',
]

/** Suites that build, pack and install the package. */
const packaging = ['/spec/package/']

const only = (folders) => folders.map((folder) => `<rootDir>${folder}**/*.spec.ts`)

/** @type {import('jest').Config} */
module.exports = {
  // For all projects: jest has no timeout of a project's own. Generous, because a broker may have to start first, on a machine that is busy.
  testTimeout: 300_000,
  testSequencer: '<rootDir>/.config/longest-first.cjs',
  projects: [
    { ...common, displayName: 'unit', testPathIgnorePatterns: ['/node_modules/', ...kafka, ...packaging] },
    {
      ...common,
      displayName: 'kafka',
      testMatch: [
        ...only(kafka.slice(0, 3)),
        '<rootDir>/spec/contract/kafka/kafkajs*.spec.ts',
        '<rootDir>/spec/chaos/chaos.spec.ts',
      ],
      globalSetup: '<rootDir>/spec/support/kafka/global-setup.ts',
      globalTeardown: '<rootDir>/spec/support/kafka/global-teardown.ts',
    },
    { ...common, displayName: 'package', testMatch: only(packaging) },
  ],
}
