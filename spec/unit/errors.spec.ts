import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(__dirname, '..', '..')
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8')

const union = read('lib', 'errors.ts').split('export type ErrorCode =')[1]!
const codes = [...union.matchAll(/\| '([A-Z_]+)'/g)].map(([, code]) => code!)

test('every error code is documented, and nothing else', () => {
  const documented = [...read('docs', 'errors.md').matchAll(/^\| `([A-Z_]+)`/gm)].map(([, code]) => code!)
  expect(documented.sort()).toEqual([...codes].sort())
})

test('every error code is used', () => {
  const sources = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== 'errors.ts')
    .map((file) => read('lib', file))
    .join('\n')
  expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([])
})
