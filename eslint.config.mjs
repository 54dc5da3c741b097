import js from '@eslint/js'
import tseslint from 'typescript-eslint'

const room = (files, ...patterns) => ({
  files,
  rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] },
})

const noKafkajs = { regex: '^kafkajs(/|$)', message: 'Only lib/kafka/kafkajs knows kafkajs: use lib/kafka/port.' }
const noLevel = {
  regex: '^(level|classic-level|abstract-level)(/|$)',
  message: 'Only lib/state/level knows LevelDB: use lib/state/store.',
}
const noAvro = {
  regex: '^(avsc|@kafkajs/confluent-schema-registry)(/|$)',
  message: 'Only lib/serdes/{avro,registry} know avsc and the registry client.',
}
const noOutside = {
  regex: '^(\\.\\./)+(spec|examples|dist)/',
  message: 'Nothing in lib imports from spec, examples or dist.',
}
const noAdapterInside = {
  regex: '/kafka/kafkajs/(?!index$)',
  message: 'Of the adapter only its index is known outside; all else goes through lib/kafka/port.',
}
const noAdapter = { regex: '/kafka/(kafkajs|memory)', message: 'Only the runtime makes clients: use lib/kafka/port.' }
const noRuntime = { regex: '/runtime/', message: 'Arrows go down only: dsl → topology → operators → state.' }

const nodeGlobals = Object.fromEntries(
  ['console', 'process', 'URL', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval']
    .concat(['module', 'require', '__dirname'])
    .map((name) => [name, 'readonly']),
)

export default tseslint.config(
  { ignores: ['dist/', 'docker/out/', 'coverage/', '**/*.d.ts'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-explicit-any': 'error',
      // Indexes proven by a loop's bounds or a map filled just before: `!` says so where a check could only hide a mistake.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      '@typescript-eslint/unified-signatures': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Named exports only.' },
        { selector: 'TSEnumDeclaration', message: 'A union of strings says the same without run-time code.' },
      ],
    },
  },
  { files: ['lib/**/*.ts'], ignores: ['lib/cli/**'], rules: { 'no-console': 'error' } },
  room(['lib/**/*.ts'], noKafkajs, noLevel, noAvro, noOutside, noAdapterInside),
  room(['lib/serdes/{avro,registry}/**/*.ts'], noKafkajs, noLevel, noOutside, noAdapter, noRuntime),
  room(['lib/kafka/kafkajs/**/*.ts'], noLevel, noAvro, noOutside),
  room(['lib/{dsl,topology,operators,state}/**/*.ts'], noKafkajs, noLevel, noAvro, noOutside, noAdapter, noRuntime),
  room(['lib/state/level/**/*.ts'], noKafkajs, noAvro, noOutside, noAdapter, noRuntime),
  // kafkajs's private modules have no types to import.
  { files: ['lib/kafka/kafkajs/internals.ts'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  // A default export is what jest asks of its global setup.
  { files: ['spec/support/kafka/global-*.ts', '**/*.{mjs,cjs}'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.{mjs,cjs}'],
    languageOptions: { globals: nodeGlobals },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
)
