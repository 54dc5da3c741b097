// `npm run example 01-word-count`: runs an example from its sources; without a name, lists them.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, runTool } from './run.mjs'

const [name, ...args] = process.argv.slice(2)
if (name && existsSync(join(root, 'examples', name, 'index.ts'))) {
  // With a tsconfig of their own the examples see what users see: the built package.
  const tsconfig = join(root, 'examples', 'tsconfig.json')
  process.exitCode = runTool('tsx/dist/cli.mjs', [
    '--tsconfig',
    tsconfig,
    join(root, 'examples', name, 'index.ts'),
    ...args,
  ])
} else {
  if (name) console.error(`There is no example '${name}'.`)
  const examples = readdirSync(join(root, 'examples')).filter((entry) => /^\d/.test(entry))
  console.error(`usage: npm run example <name>\n${examples.map((example) => `  ${example}\n`).join('')}`)
  process.exitCode = 1
}
