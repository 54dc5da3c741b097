import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(__dirname, '../../../../lib/http/dashboard/page')
const files = readdirSync(FOLDER).map((name) => ({ name, text: readFileSync(join(FOLDER, name), 'utf8') }))
const textOf = (name: string): string => files.find((file) => file.name === name)!.text
const html = textOf('dashboard.html')
const script = textOf('dashboard.js')

describe("the dashboard's page", () => {
  it('is small, and loads nothing from elsewhere', () => {
    expect(files.reduce((size, { text }) => size + Buffer.byteLength(text), 0)).toBeLessThan(48 * 1024)
    for (const { text } of files) expect(text).not.toMatch(/https?:\/\/|@import|url\(/)
  })

  it('makes no HTML of text, and evaluates none', () => {
    expect(script).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|srcdoc/)
    expect(html).not.toMatch(/\son\w+=|<script>|javascript:|style=/)
  })

  it('has every element that its script looks for', () => {
    const ids = [...html.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id!)
    expect(new Set(ids).size).toBe(ids.length)
    const sought = [...script.matchAll(/(?:byId|render)\(\s*'([^']+)'/g)].map(([, id]) => id!)
    expect(sought.length).toBeGreaterThan(10)
    expect(sought.filter((id) => !ids.includes(id))).toEqual([])
  })

  it('names what assistive technology has to tell apart', () => {
    const headings = [...html.matchAll(/aria-labelledby="([^"]+)"/g)].map(([, id]) => id!)
    for (const id of headings) expect(html).toContain(`id="${id}"`)
    expect(html).toMatch(/<html lang="en">[^]*<main[^]*role="status"/)
    for (const [region] of html.matchAll(/<div[^>]*tabindex="0"[^>]*>/g))
      expect(region).toMatch(/role="region"[^>]*aria-label=/)
  })

  it('shows where things are last in a table, and on one line', () => {
    const tables = [...script.matchAll(/\[([^\]]*'Instance'[^\]]*)\],\s+all\.map/g)]
    expect(tables).toHaveLength(2)
    for (const [, headings] of tables) expect(headings).toMatch(/'Instance'$/)
    expect(script.match(/hostCell\(host\),\s+\]\)/g)).toHaveLength(2)
    expect(script).toMatch(/hostCell = .*className: 'host'/)
    expect(textOf('dashboard.css')).toMatch(/td\.host \{[^}]*white-space: nowrap/)
    // on a phone, what it says is not squeezed by that
    expect(textOf('dashboard.css')).toMatch(/max-width: 600px\) \{[^]*td\.message \{\s*min-width: 180px/)
  })

  it('shows sections that may be empty only with something in them', () => {
    for (const id of ['restores-section', 'stores-section']) {
      expect(html).toMatch(new RegExp(`<section[^>]* id="${id}" hidden>`))
      expect(script).toContain(`byId('${id}').hidden = `)
    }
  })

  it('lets the keyboard scroll whatever scrolls', () => {
    const scrolled = [...html.matchAll(/<div[^>]*class="scroll"[^>]*>/g)]
    expect(scrolled.length).toBeGreaterThan(4)
    for (const [region] of scrolled) expect(region).toContain('tabindex="0"')
  })

  it('follows the colour scheme of its reader', () => {
    expect(textOf('dashboard.css')).toContain('@media (prefers-color-scheme: dark)')
  })
})
