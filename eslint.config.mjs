import { createRequire } from 'node:module'
import js from '@eslint/js'
import tseslint from 'typescript-eslint'

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
  regex: '^\\.{1,2}/(.*/)?kafkajs/(?!index$)',
  message: 'Of the adapter only its index is known outside; all else goes through lib/kafka/port.',
}

/** Arrows between the rooms of lib go down only. spec/unit/architecture.spec.ts follows every import, and finds circles. */
const ROOMS = createRequire(import.meta.url)('./.config/rooms.json')

const importOf = (path) => `${path.replace(/\.ts$/, '').replace(/\/$/, '')}(/|$)`

const arrowsOf = ({ room, imports, typesOnly = [] }) => {
  const paths = (names) => ROOMS.filter(({ room }) => names(room)).flatMap(({ paths }) => paths)
  const known = paths((name) => name === room || imports.includes(name))
  const upward = paths((name) => name !== room && !imports.includes(name))
    // a room around one that may be known: which of its files are which, only the spec can tell
    .filter((path) => !known.some((inner) => inner.startsWith(path)))
  const patterns = [
    {
      regex: `^(\\.\\./)+(${upward.map(importOf).join('|')})`,
      message: `lib's ${room} may import ${imports.join(', ') || 'nothing'}: see .config/rooms.json.`,
    },
  ]
  if (typesOnly.length > 0) {
    patterns.push({
      regex: `^(\\.\\./)+(${paths((name) => typesOnly.includes(name))
        .map(importOf)
        .join('|')})`,
      allowTypeImports: true,
      message: `lib's ${room} takes only types of ${typesOnly.join(', ')}: operators are made in lib/topology/compile.`,
    })
  }
  return patterns
}

/** The rules of a room for some of its files, but for those of packages that these files wrap. */
const rulesOf = (room, files, ...owned) => {
  const rules = [noKafkajs, noLevel, noAvro, noOutside, noAdapterInside].filter((rule) => !owned.includes(rule))
  const patterns = [...rules, ...arrowsOf(ROOMS.find(({ room: name }) => name === room))]
  return { files, rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns }] } }
}

/** The longest path comes last and wins: a room may be inside another. */
const rulesOfRooms = ROOMS.flatMap(({ room, paths }) => paths.map((path) => ({ room, path })))
  .sort((a, b) => a.path.length - b.path.length)
  .map(({ room, path }) => rulesOf(room, [`lib/${path.endsWith('/') ? `${path}**/*.ts` : path}`]))

const nodeGlobals = Object.fromEntries(
  ['console', 'process', 'URL', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval']
    .concat(['module', 'require', '__dirname'])
    .map((name) => [name, 'readonly']),
)

const browserGlobals = Object.fromEntries(
  ['document', 'fetch', 'matchMedia', 'setTimeout', 'DOMParser', 'EventSource', 'Node'].map((name) => [
    name,
    'readonly',
  ]),
)

export default tseslint.config(
  { ignores: ['dist/', 'docker/out/', 'docs/site/{src,dist,.vitepress/cache}/', 'coverage/', '**/*.d.ts'] },
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
  ...rulesOfRooms,
  rulesOf('serdes', ['lib/serdes/{avro,registry}/**/*.ts'], noAvro),
  rulesOf('state', ['lib/state/level/**/*.ts'], noLevel),
  rulesOf('adapters', ['lib/kafka/kafkajs/**/*.ts'], noKafkajs, noAdapterInside),
  // kafkajs's private modules have no types to import.
  { files: ['lib/kafka/kafkajs/internals.ts'], rules: { '@typescript-eslint/no-require-imports': 'off' } },
  // A default export is what jest asks of its global setup.
  { files: ['spec/support/kafka/global-*.ts', '**/*.{mjs,cjs}'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['lib/http/dashboard/page/*.js'], languageOptions: { globals: browserGlobals } },
  {
    files: ['docs/site/playground/*.mjs'],
    languageOptions: {
      globals: {
        ...browserGlobals,
        atob: 'readonly',
        btoa: 'readonly',
        MessageChannel: 'readonly',
        TextDecoder: 'readonly',
        TextEncoder: 'readonly',
      },
    },
  },
  {
    files: ['**/*.{mjs,cjs}'],
    languageOptions: { globals: nodeGlobals },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
)
