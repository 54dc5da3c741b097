import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { METRICS } from '../../../../lib/observe/metrics/catalog'

const page = readFileSync(join(__dirname, '../../../../docs/metrics.md'), 'utf8')
const sections = page.split(/^### /m).slice(1)

it.each(METRICS)('$group $name is in docs/metrics.md, with its level', ({ group, name, level }) => {
  const rows = sections
    .filter((section) => section.split('\n', 1)[0]!.includes(`\`${group}\``))
    .flatMap((section) => section.split('\n'))
    .filter((line) => line.startsWith('|') && line.split('|')[1]!.includes(`\`${name}\``))
  expect(rows).toHaveLength(1)
  expect(rows[0]!.includes('`debug`')).toBe(level === 'debug')
})
