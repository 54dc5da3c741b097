import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const ROOT = resolve(__dirname, '..', '..')
const PAGES = pathToFileURL(join(ROOT, 'docs/site/pages.mjs')).href

/** What an expression of the site's own module is: jest can't load it itself. */
const evaluate = (expression: string): unknown =>
  JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-'], {
      input: `import { SECTIONS, siteLinks } from '${PAGES}'; console.log(JSON.stringify(${expression}))`,
      encoding: 'utf8',
    }),
  )

describe('the documentation site', () => {
  const pages = readdirSync(join(ROOT, 'docs'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => file.replace('.md', ''))

  it('lists every page once, and no other', () => {
    const listed = evaluate('SECTIONS.flatMap(({ pages }) => pages.map(([page]) => page))') as string[]
    expect([...listed].sort()).toEqual([...pages].sort())
  })

  it.each([
    ['[a](https://github.com/millrace/millrace/blob/main/docs/errors.md)', '[a](/errors)'],
    ['[a](https://github.com/millrace/millrace/blob/main/docs/security.md#acls)', '[a](/security#acls)'],
    ['[a](testing.md)', '[a](/testing)'],
    ['[a](../docker/compose.yaml)', '[a](https://github.com/millrace/millrace/blob/main/docker/compose.yaml)'],
    ['[a](../examples/01-word-count)', '[a](https://github.com/millrace/millrace/tree/main/examples/01-word-count)'],
    ['[a](#here) [b](https://keda.sh)', '[a](#here) [b](https://keda.sh)'],
    ['![a](images/dashboard.png)', '![a](images/dashboard.png)'],
    ['[a](images/dashboard.png)', '[a](https://github.com/millrace/millrace/blob/main/docs/images/dashboard.png)'],
  ])('leads %s to the right place', (markdown, expected) => {
    expect(evaluate(`siteLinks(${JSON.stringify(markdown)})`)).toBe(expected)
  })

  it('leaves no link between pages that leads out of it', () => {
    const texts = pages.map((page) => readFileSync(join(ROOT, 'docs', `${page}.md`), 'utf8'))
    const links = evaluate(`siteLinks(${JSON.stringify(texts.join('\n'))}).match(/\\]\\([^)]+\\)/g)`) as string[]
    const toDocs = /\/blob\/main\/docs\/(?!images\/)|^\]\((?!https:)[^)]*\.md\b/
    expect(links.filter((link) => toDocs.test(link))).toEqual([])
  })

  it('has a lockfile that names no registry', () => {
    const { packages } = JSON.parse(readFileSync(join(ROOT, 'docs/site/package-lock.json'), 'utf8')) as {
      packages: Record<string, { resolved?: string; integrity?: string }>
    }
    expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([])
  })
})
