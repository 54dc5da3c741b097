import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { SECTIONS } from '../pages.mjs'

const examples = readdirSync(fileURLToPath(new URL('../src/examples', import.meta.url)))
  .map((file) => file.replace(/\.md$/, ''))
  .sort()

/** As TypeDoc calls the entry points of the package. */
const modules = [
  ...readFileSync(new URL('../src/api/index.md', import.meta.url), 'utf8').matchAll(/\]\(([\w/]+)\/index\.md\)/g),
].map(([, name]) => name)

export default {
  title: 'millrace',
  description: 'Kafka Streams for TypeScript',
  srcDir: 'src',
  outDir: 'dist',
  cleanUrls: true,
  lastUpdated: false,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: { lineNumbers: false },
  vite: { build: { target: 'es2022' } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Documentation', link: '/getting-started' },
      { text: 'Examples', link: '/examples' },
      { text: 'Playground', link: '/playground' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: {
      '/api/': [
        {
          text: 'API',
          items: modules.map((name) => ({ text: name.replace('lib', 'millrace'), link: `/api/${name}/` })),
        },
      ],
      '/': [
        ...SECTIONS.map(({ text, pages }) => ({
          text,
          items: pages.map(([page, title]) => ({ text: title, link: `/${page}` })),
        })),
        {
          text: 'Examples',
          collapsed: true,
          items: examples.map((name) => ({ text: name, link: `/examples/${name}` })),
        },
      ],
    },
    socialLinks: [{ icon: 'github', link: 'https://github.com/millrace/millrace' }],
  },
}
