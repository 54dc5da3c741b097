import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/**
 * The TypeScript of README and docs compiles as a reader would write it: the blocks of a page are one module, in order. What a
 * reader has to imagine stands in an HTML comment that begins with `<!-- ts`. The examples of the playground compile as they are.
 */
const ROOT = join(__dirname, '../..')
const pages = ['README.md', ...readdirSync(join(ROOT, 'docs')).map((file) => `docs/${file}`)].filter((page) =>
  page.endsWith('.md'),
)
const IMPORT = /^import (?:(type) )?\{([^}]*)\} from '([^']+)'$/
/** An import from another file that the page shows: here it is the same module. */
const OWN_FILE = /^import \{[^}]*\} from '\.\/[^']+'$/

/** The page with everything but its code left blank, so that lines keep their numbers; imports are gathered in the first one. */
const codeOf = (page: string): { code: string; blocks: number } => {
  const imports = new Map<string, Set<string>>()
  let inside = false
  let blocks = 0
  const lines = readFileSync(join(ROOT, page), 'utf8')
    .split('\n')
    .map((line) => {
      if (inside && (line === '```' || line === '-->')) inside = false
      else if (line === '```ts' || line === '<!-- ts') {
        inside = true
        blocks++
      } else if (inside) {
        if (OWN_FILE.test(line)) return ''
        const [, type, names, from] = IMPORT.exec(line) ?? []
        if (from === undefined) return line
        const known = imports.get(from) ?? new Set()
        for (const name of names!.split(',')) known.add(`${type ? 'type ' : ''}${name.trim()}`)
        imports.set(from, known)
      }
      return ''
    })
  lines[0] =
    [...imports].map(([from, names]) => `import { ${[...names].join(', ')} } from '${from}'`).join('; ') + '; export {}'
  return { code: lines.join('\n'), blocks }
}

/** The files that a page tells its reader to create: blocks that begin with their name. Each has to compile as it is copied. */
const filesOf = (page: string): [path: string, module: { page: string; code: string; blocks: number }][] => {
  const text = readFileSync(join(ROOT, page), 'utf8')
  return [...text.matchAll(/```ts\n(?=\/\/ (\S+)\.ts\n)([^]*?)```/g)].map(([block, name, code]) => {
    const before = text.slice(0, text.indexOf(block)).split('\n').length
    // Modules of ECMAScript, for top-level await, also where they import each other.
    const source = code!.replace(/from '(\.\/[^']+)\.js'/g, "from '$1.mjs'")
    return [
      join(ROOT, page.replace(/\.md$/, ''), `${name}.mts`),
      { page: `${page} (${name}.ts)`, code: '\n'.repeat(before) + source, blocks: 1 },
    ]
  })
}

const playgroundExamples = (): [path: string, module: { page: string; code: string; blocks: number }][] => {
  const folder = 'docs/site/playground/examples'
  const files = readdirSync(join(ROOT, folder)).filter((file) => file.endsWith('.ts'))
  return files.map((file) => {
    const code = readFileSync(join(ROOT, folder, file), 'utf8')
    return [join(ROOT, folder, file), { page: `${folder}/${file}`, code, blocks: 1 }]
  })
}

const modules = new Map([
  ...pages.map((page) => {
    // A module of ECMAScript, for its top-level await.
    const path = join(ROOT, page.replace(/\.md$/, '.mts'))
    return [path, { page, ...codeOf(page) }] as const
  }),
  ...pages.flatMap(filesOf),
  ...playgroundExamples(),
])

const programOfPages = (): ts.Program => {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)).config as unknown
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  const compilerOptions = { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false }
  const host = ts.createCompilerHost(compilerOptions)
  const { getSourceFile, fileExists, readFile } = host
  delete host.directoryExists // the folders of files that a page shows are not there
  host.fileExists = (path) => modules.has(path) || fileExists(path)
  host.readFile = (path) => modules.get(path)?.code ?? readFile(path)
  host.getSourceFile = (path, version, ...rest) => {
    const code = modules.get(path)?.code
    return code === undefined ? getSourceFile(path, version, ...rest) : ts.createSourceFile(path, code, version, true)
  }
  return ts.createProgram([...modules.keys()], compilerOptions, host)
}

const program = programOfPages()

test.each([...modules.entries()].map(([path, { page, blocks }]) => ({ path, page, blocks })))(
  '$page: its $blocks blocks of code compile',
  ({ path, page }) => {
    const file = program.getSourceFile(path)
    const errors = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map((error) => {
      const { line } = ts.getLineAndCharacterOfPosition(error.file!, error.start!)
      return `${page}:${line + 1} ${ts.flattenDiagnosticMessageText(error.messageText, '\n')}`
    })
    expect(errors).toEqual([])
  },
)

test('links between the pages lead somewhere', () => {
  const broken = pages.flatMap((page) => {
    const text = readFileSync(join(ROOT, page), 'utf8')
    return [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].flatMap(([, target]) =>
      ts.sys.fileExists(join(ROOT, page, '..', target!)) || ts.sys.directoryExists(join(ROOT, page, '..', target!))
        ? []
        : [`${page}: ${target}`],
    )
  })
  expect(broken).toEqual([])
})
