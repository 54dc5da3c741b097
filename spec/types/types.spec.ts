import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'

/**
 * Every line below a `@ts-expect-error` must fail to compile with the message that the comment gives, and no other line
 * may fail.
 */
const EXPECTED = /^\s*\/\/ @ts-expect-error (.+)$/
const ROOT = join(__dirname, '../..')
const files = readdirSync(__dirname).filter((file) => file.endsWith('.test-d.ts'))

const options = (): ts.CompilerOptions => {
  const path = join(ROOT, 'tsconfig.json')
  const { config } = ts.readConfigFile(path, (file) => ts.sys.readFile(file)) as { config: unknown }
  return { ...ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options, noEmit: true, noUnusedLocals: false }
}

/** Shows the errors that the comments hide. */
const withoutExpectations = (host: ts.CompilerHost): ts.CompilerHost => ({
  ...host,
  getSourceFile: (name, version, ...rest) =>
    name.endsWith('.test-d.ts')
      ? ts.createSourceFile(name, ts.sys.readFile(name)!.replaceAll('@ts-expect-error', 'expected:'), version, true)
      : host.getSourceFile(name, version, ...rest),
})

/** On one line. */
const textOf = ({ messageText }: ts.Diagnostic): string =>
  ts.flattenDiagnosticMessageText(messageText, '\n').replaceAll(/\n */g, ' ')

const pathOf = (file: string): string => join(__dirname, file)
/** One for all files: most of the time is spent on the library's own types. */
const program = ts.createProgram(files.map(pathOf), options(), withoutExpectations(ts.createCompilerHost(options())))

describe.each(files)('%s', (file) => {
  const path = pathOf(file)
  const lines = ts.sys.readFile(path)!.split('\n')
  const errors = new Map<number, string[]>()
  for (const diagnostic of program.getSemanticDiagnostics(program.getSourceFile(path))) {
    const { line } = ts.getLineAndCharacterOfPosition(diagnostic.file!, diagnostic.start!)
    errors.set(line, [...(errors.get(line) ?? []), textOf(diagnostic)])
  }

  const expectations = lines.flatMap((text, line) => {
    const message = EXPECTED.exec(text)?.[1]
    return message === undefined ? [] : [{ line: line + 1, message, code: lines[line + 1]!.trim() }]
  })

  test.each(expectations)('$code: $message', ({ line, message }) => {
    expect(errors.get(line)?.join('\n') ?? 'no error').toContain(message)
  })

  test('everything else compiles', () => {
    const expected = new Set(expectations.map(({ line }) => line))
    expect(
      [...errors].filter(([line]) => !expected.has(line)).map(([line, texts]) => `${line + 1}: ${texts.join('\n')}`),
    ).toEqual([])
  })
})
