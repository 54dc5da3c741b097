// Assembles the pages in src/: those of docs/, the source of the examples, the playground with its worker, and the API reference from the doc
// comments of lib/. Then builds the site in dist/. With --assemble, only the first part.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { siteLinks } from './pages.mjs'
import { bundleWorker } from './playground/bundle.mjs'

const site = fileURLToPath(new URL('.', import.meta.url))
const root = join(site, '../..')
const src = join(site, 'src')

const run = (script, ...args) => {
  const { status } = spawnSync(process.execPath, [join(site, 'node_modules', script), ...args], {
    cwd: site,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

rmSync(src, { recursive: true, force: true })
mkdirSync(join(src, 'examples'), { recursive: true })
cpSync(join(root, 'docs/images'), join(src, 'images'), { recursive: true })
for (const page of readdirSync(join(root, 'docs')).filter((file) => file.endsWith('.md'))) {
  writeFileSync(join(src, page), siteLinks(readFileSync(join(root, 'docs', page), 'utf8')))
}

const examples = readdirSync(join(root, 'examples'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
for (const { name } of examples) {
  const folder = join(root, 'examples', name)
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'))
  // what it is about comes first
  files.sort((a, b) => Number(b === 'topology.ts') - Number(a === 'topology.ts') || a.localeCompare(b))
  const code = files.map((file) => `## ${file}\n\n\`\`\`ts\n${readFileSync(join(folder, file), 'utf8')}\`\`\`\n`)
  const command = `\`\`\`sh\nnpm run example ${name}\n\`\`\`\n`
  writeFileSync(join(src, 'examples', `${name}.md`), `# ${name}\n\n${command}\n${code.join('\n')}`)
}
const list = join(src, 'examples.md')
const named = readFileSync(list, 'utf8').replace(/\]\([^)]*\/examples\/(\d[\w-]*)\)/g, '](/examples/$1)')
writeFileSync(list, named)

// On the site the page is the playground itself.
await bundleWorker(join(src, 'playground-worker.js'))
writeFileSync(
  join(src, 'playground.md'),
  `---
layout: page
sidebar: false
title: Playground
---

<script setup>
import Playground from '../playground/Playground.vue'
</script>

<Playground />
`,
)

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entries = Object.values(exports)
  .filter((conditions) => typeof conditions === 'object')
  .map((conditions) => join(root, conditions.require.default.replace('./dist/', 'lib/').replace(/\.js$/, '.ts')))
run(
  'typedoc/bin/typedoc',
  ...[
    '--plugin',
    'typedoc-plugin-markdown',
    '--out',
    join(src, 'api'),
    '--tsconfig',
    join(root, 'tsconfig.build.json'),
  ],
  ...[
    '--name',
    'API',
    '--readme',
    'none',
    '--excludeInternal',
    '--excludePrivate',
    '--excludeExternals',
    '--skipErrorChecking',
  ],
  ...['--gitRevision', 'main', '--sourceLinkTemplate', 'https://github.com/millrace/millrace/blob/main/{path}#L{line}'],
  ...['--disableGit', '--basePath', root, '--hideBreadcrumbs', '--hidePageHeader', '--logLevel', 'Warn'],
  ...['--entryFileName', 'index', '--sanitizeComments', '--outputFileStrategy', 'members'],
  ...entries,
)
// TypeDoc names modules after their files: they are imported by other names
for (const file of readdirSync(join(src, 'api'), { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('index.md')) continue
  const page = join(src, 'api', file)
  writeFileSync(page, readFileSync(page, 'utf8').replace(/^(# |- \[)lib\b/gm, '$1millrace'))
}

writeFileSync(
  join(src, 'index.md'),
  `---
layout: home
title: millrace
hero:
  name: millrace
  text: Kafka Streams for TypeScript
  tagline: Stream processing inside your Node service. Kafka is the only infrastructure.
  actions:
    - { theme: brand, text: Getting started, link: /getting-started }
    - { theme: alt, text: Playground, link: /playground }
    - { theme: alt, text: Examples, link: /examples }
    - { theme: alt, text: API, link: /api/ }
features:
  - { title: Streams and tables, details: 'Joins, windows, sessions and aggregations with the semantics, the topics and the bytes of Kafka Streams.', link: /concepts }
  - { title: State that survives, details: 'LevelDB on disk, changelogs in Kafka, exactly-once if you ask for it.', link: /operations }
  - { title: Observable, details: 'Metrics, health, queries and a dashboard, served by the instances themselves.', link: /dashboard }
---
`,
)
if (!process.argv.includes('--assemble')) run('vitepress/bin/vitepress.js', 'build')
