/** The pages of the site, in the order in which a reader meets them. */
export const SECTIONS = [
  {
    text: 'Start',
    pages: [
      ['getting-started', 'Getting started'],
      ['features', 'Features'],
      ['concepts', 'Concepts'],
      ['operators', 'Operators'],
      ['formats', 'Formats'],
      ['producing', 'Producing records'],
      ['testing', 'Testing'],
      ['examples', 'Examples'],
      ['playground', 'Playground'],
    ],
  },
  {
    text: 'Run',
    pages: [
      ['deployment', 'Deployment'],
      ['operations', 'Operations'],
      ['metrics', 'Metrics'],
      ['dashboard', 'Dashboard'],
      ['interactive-queries', 'Interactive queries'],
      ['command-line', 'Command line'],
      ['security', 'Security'],
      ['upgrading', 'Upgrading'],
      ['troubleshooting', 'Troubleshooting'],
      ['errors', 'Errors'],
      ['performance', 'Performance'],
    ],
  },
  {
    text: 'Decide',
    pages: [
      ['coming-from-java', 'Coming from Java'],
      ['comparison', 'Compared with others'],
      ['faq', 'Questions'],
    ],
  },
]

const REPOSITORY = 'https://github.com/millrace/millrace'

/**
 * Links to other pages stay in the site, whether they are relative or to the repository; those to other files lead to the repository. So do
 * those to images: the site has only the ones that its pages show.
 */
export const siteLinks = (markdown) =>
  markdown.replace(/(?<!!\[[^\]]*)\]\((?!#)([^)\s]+)\)/g, (whole, link) => {
    if (link.startsWith('images/')) return `](${REPOSITORY}/blob/main/docs/${link})`
    const page = link.match(
      /^(?:https:\/\/github\.com\/millrace\/millrace\/blob\/main\/docs\/|\.\/)?([\w-]+)\.md(#[^)]*)?$/,
    )
    if (page) return `](/${page[1]}${page[2] ?? ''})`
    const file = link.match(/^\.\.\/([\w./-]+)(#.*)?$/)
    if (file)
      return `](${REPOSITORY}/${/\.\w+$|Dockerfile$/.test(file[1]) ? 'blob' : 'tree'}/main/${file[1]}${file[2] ?? ''})`
    return whole
  })
