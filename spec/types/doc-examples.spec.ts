import { join, relative } from 'node:path'
import ts from 'typescript'
import { ENTRY_POINTS } from '../support/entry-points'
import { BY_FILE, COMMON } from './doc-examples-context'

/** The examples of doc comments compile, among the things that `doc-examples-context.ts` says a reader imagines. */
const ROOT = join(__dirname, '../..')
const ENTRIES = ENTRY_POINTS.map(({ module }) => join(ROOT, module))

const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)).config as unknown
const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
const compilerOptions = { ...options, noEmit: true, noUnusedLocals: false, noUnusedParameters: false }

interface Example {
  readonly file: string
  readonly line: number
  readonly code: string
}

const examplesOf = (source: ts.SourceFile): Example[] => {
  const file = relative(ROOT, source.fileName).replaceAll('\\', '/')
  const found = new Map<number, Example>()
  const visit = (node: ts.Node): void => {
    for (const tag of ts.getJSDocTags(node)) {
      if (tag.tagName.text !== 'example') continue
      const { line } = source.getLineAndCharacterOfPosition(tag.getStart(source))
      found.set(tag.pos, { file, line: line + 1, code: ts.getTextOfJSDocComment(tag.comment) ?? '' })
    }
    ts.forEachChild(node, visit)
  }
  visit(source)
  return [...found.values()]
}

const library = ts.createProgram(ENTRIES, options)
library.getTypeChecker() // which gives the trees their parents
const examples = library
  .getSourceFiles()
  .filter(({ fileName }) => fileName.startsWith(join(ROOT, 'lib')))
  .flatMap(examplesOf)

/** Each in functions of its own, so that it can use the names again that are around it. */
const MODULE = join(ROOT, 'spec/types/doc-examples.generated.ts')
const lines = COMMON.split('\n')
const starts = examples.map(({ file, code }) => {
  lines.push(`() => { ${BY_FILE[file] ?? ''}; return async () => {`)
  const start = lines.length
  lines.push(...code.split('\n'), '}}')
  return start
})

const errors = new Map<number, string[]>()
const host = ts.createCompilerHost(compilerOptions)
const { getSourceFile, fileExists } = host
host.fileExists = (path) => path === MODULE || fileExists(path)
host.getSourceFile = (path, version, ...rest) =>
  path === MODULE ? ts.createSourceFile(path, lines.join('\n'), version, true) : getSourceFile(path, version, ...rest)
const program = ts.createProgram([MODULE], compilerOptions, host)
const source = program.getSourceFile(MODULE)!
for (const error of [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)]) {
  const { line } = ts.getLineAndCharacterOfPosition(source, error.start!)
  const index = starts.findLastIndex((start) => line >= start)
  const text = `${lines[line]!.trim()}: ${ts.flattenDiagnosticMessageText(error.messageText, '\n')}`
  errors.set(index, [...(errors.get(index) ?? []), text])
}

test('there is nothing wrong with what is imagined', () => {
  expect(errors.get(-1) ?? []).toEqual([])
})

test.each(examples.map((example, index) => ({ ...example, index })))('$file:$line', ({ index }) => {
  expect(errors.get(index) ?? []).toEqual([])
})
