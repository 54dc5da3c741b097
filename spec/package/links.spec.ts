import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'

const ROOT = resolve(__dirname, '..', '..')

const { repository } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { repository: { url: string } }
const REPOSITORY = repository.url.replace(/^git\+|\.git$/g, '')
/** Where the repository shows a file or folder of its main branch. */
const PAGES = [`${REPOSITORY}/blob/main/`, `${REPOSITORY}/tree/main/`]

/** npm's page of the package shows the one, the tarball carries the other: both are read where no other file is beside them. */
const SHIPPED = ['README.md', 'CHANGELOG.md']

const markdownIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    // what the documentation site installs and generates is not ours to check
    .filter((file) => file.endsWith('.md') && !file.startsWith('site'))
    .map((file) => join(folder, file))

const textOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8').replace(/^```[\s\S]*?^```/gm, '')

const linksIn = (file: string): string[] => [...textOf(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!)

/** As the repository's pages name the headings of a file. */
const anchorsOf = (file: string): string[] =>
  [...textOf(file).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )

/** The file of this repository that a link leads to, or undefined where it leads out of it. */
const targetOf = (file: string, link: string): string | undefined => {
  const page = PAGES.find((prefix) => link.startsWith(prefix))
  if (page !== undefined) return link.slice(page.length)
  if (/^[a-z]+:/.test(link)) return undefined
  return link.startsWith('#') ? file : relative(ROOT, resolve(ROOT, dirname(file), link))
}

const leadsNowhere = (file: string, link: string): boolean => {
  const [path = '', anchor] = link.split('#')
  const target = targetOf(file, path || '#')
  if (target === undefined) return link.startsWith(REPOSITORY) && ![REPOSITORY, `${REPOSITORY}/issues`].includes(path)
  if (!existsSync(join(ROOT, target))) return true
  return anchor !== undefined && !anchorsOf(target).includes(anchor)
}

describe('the documentation', () => {
  const files = [...SHIPPED, ...markdownIn('docs'), ...markdownIn('examples')]

  it.each(files)('has only links that lead somewhere (%s)', (file) => {
    expect(linksIn(file).filter((link) => leadsNowhere(file, link))).toEqual([])
  })

  it.each(SHIPPED)('has only links that work outside of the repository (%s)', (file) => {
    expect(linksIn(file).filter((link) => !/^(https:\/\/|#)/.test(link))).toEqual([])
  })

  it('is linked from the README, page by page', () => {
    const linked = linksIn('README.md').map((link) => basename(link))
    const pages = readdirSync(join(ROOT, 'docs')).filter((page) => page.endsWith('.md'))
    expect(pages.filter((page) => !linked.includes(page))).toEqual([])
  })
})
