import { join } from 'node:path'
import ts from 'typescript'
import { StreamsBuilder } from '../../lib'
import { calls, notChecked, type Call } from './arguments-calls'

/**
 * What no type checker has seen, such as the `undefined` of `to(process.env.TOPIC)`, is refused where it is passed, by an error
 * that names the method and the argument. The types say which values are wrong for a parameter, so a new public method
 * fails here until `arguments-calls.ts` has a call of it and it checks its arguments.
 */
const ROOT = join(__dirname, '../..')
/** Not of the contracts: what they get is an implementation by whoever runs them, and what is missing there fails a test of theirs. */
const ENTRIES = ['lib/index.ts', 'lib/testing/index.ts'].map((entry) => join(ROOT, entry))

const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)).config as unknown
const program = ts.createProgram(ENTRIES, ts.parseJsonConfigFileContent(config, ts.sys, ROOT).options)
const checker = program.getTypeChecker()

interface Callable {
  readonly name: string
  /** Of each overload. */
  readonly signatures: readonly (readonly ts.ParameterDeclaration[])[]
}

const isHidden = (declaration: ts.Declaration): boolean =>
  (ts.getCombinedModifierFlags(declaration) & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected)) !== 0 ||
  ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === 'internal') ||
  ts.isPrivateIdentifier(ts.getNameOfDeclaration(declaration) ?? declaration)

const resolved = (symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol

/** The functions, methods and constructors of a module that take arguments. */
function callablesOf(module: ts.Symbol, prefix = ''): Callable[] {
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = resolved(exported)
    const name = prefix + exported.name
    if (symbol.flags & ts.SymbolFlags.ValueModule) return callablesOf(symbol, `${name}.`)
    if (symbol.flags & ts.SymbolFlags.Class) return callablesOfClass(symbol, name)
    if (!(symbol.flags & (ts.SymbolFlags.Function | ts.SymbolFlags.Variable))) return []
    return callable(name, checker.getTypeOfSymbol(symbol).getCallSignatures())
  })
}

function callablesOfClass(symbol: ts.Symbol, name: string): Callable[] {
  const type = checker.getTypeOfSymbol(symbol)
  const methods = (of: ts.Type): Callable[] =>
    checker.getPropertiesOfType(of).flatMap((method) => {
      const [declaration] = method.declarations ?? []
      if (!declaration || !ts.isMethodDeclaration(declaration)) return []
      return callable(`${name}.${method.name}`, checker.getTypeOfSymbol(method).getCallSignatures())
    })
  const instance = checker.getDeclaredTypeOfSymbol(symbol)
  return [...callable(`new ${name}`, type.getConstructSignatures()), ...methods(type), ...methods(instance)]
}

function callable(name: string, all: readonly ts.Signature[]): Callable[] {
  const signatures = all
    .map((signature) => signature.getDeclaration() as ts.SignatureDeclaration | undefined)
    .filter((declaration) => declaration !== undefined && !isHidden(declaration))
    .map((declaration) => declaration!.parameters as readonly ts.Node[] as readonly ts.ParameterDeclaration[])
    .filter((parameters) => parameters.length > 0)
  return signatures.length === 0 ? [] : [{ name, signatures }]
}

const callables = ENTRIES.flatMap((entry) => callablesOf(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!))

// -------------------------------------------------------------------------------------- wrong values

const WRONG = [
  [undefined, checker.getUndefinedType()],
  [null, checker.getNullType()],
  [42, checker.getNumberLiteralType(42)],
  [true, checker.getTrueType()],
] as const

/** What the type of the parameter does not allow; of one that any type may stand for, null and undefined alone. */
function wrongFor(parameter: ts.ParameterDeclaration): unknown[] {
  const type = checker.getTypeAtLocation(parameter)
  const members = type.isUnion() ? type.types : [type]
  const constraints = members.map((member) =>
    member.isTypeParameter() ? checker.getBaseConstraintOfType(member) : member,
  )
  const anything = constraints.some(
    (one) => one === undefined || (one.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) !== 0,
  )
  return WRONG.filter(([value, wrong]) => {
    if (value === undefined && checker.isOptionalParameter(parameter)) return false
    if (anything) return value === undefined && !members.some(({ flags }) => flags & ts.TypeFlags.Unknown)
    return !constraints.some((allowed) => checker.isTypeAssignableTo(wrong, allowed!))
  }).map(([value]) => value)
}

const failureOf = async (call: Call, args: readonly unknown[]): Promise<unknown> => {
  try {
    const result = call.on()(...(args as never[]))
    if (result instanceof Promise) await result
    return undefined
  } catch (error) {
    return error
  }
}

const replaced = (args: readonly unknown[], at: number, value: unknown): unknown[] =>
  Array.from({ length: Math.max(args.length, at + 1) }, (_, i) => (i === at ? value : args[i]))

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  Object.getPrototypeOf(value) === Object.prototype &&
  !('build' in value || 'serialize' in value)

/** Wrong arguments for a call, each with what its error has to name. */
function wrongCalls({ args, called = {} }: Call, parameters: readonly ts.ParameterDeclaration[]) {
  return parameters.flatMap((parameter, at) => {
    const own = parameter.name.getText()
    const name = called[own] ?? own
    const valid = args()[at]
    const wrong = wrongFor(parameter).map((value) => ({ what: String(value), value, names: [name] }))
    if (Array.isArray(valid))
      wrong.push({ what: '[null]', value: [...(valid as unknown[]), null], names: [name, `[${valid.length}]`] })
    if (isPlainObject(valid)) {
      for (const option of Object.keys(valid)) {
        wrong.push({ what: `{ ${option}: null }`, value: { ...valid, [option]: null }, names: [name, option] })
      }
      wrong.push({ what: '{ misspelt: 1 }', value: { ...valid, misspelt: 1 }, names: [name, 'misspelt'] })
    }
    return wrong.map((one) => ({ ...one, parameter: own, at }))
  })
}

/** Not what a topology is built with. */
const atRunTime = /^(new )?(TopologyTestDriver|TestInputTopic|TestOutputTopic)\b|^serdes\.|^deadLetterTopic$/

const methodOf = (name: string): string =>
  /^(new |serdes\.)/.test(name) || name.endsWith('.of') ? name : name.split('.').at(-1)!

// ------------------------------------------------------------------------------------------- specs

test('every public method that takes arguments is called here', () => {
  const names = callables.map(({ name }) => name)
  const known = names.filter((name) => !notChecked.some((pattern) => pattern.test(name)))
  expect(known.filter((name) => !(name in calls))).toEqual([])
  expect(Object.keys(calls).filter((name) => !names.includes(name))).toEqual([])
})

const checked = callables.flatMap(({ name, signatures }) => {
  const rows = calls[name] ?? []
  return rows.map((call, i) => ({ name, call, parameters: signatures[i] ?? signatures[0]! }))
})

describe.each(checked)('$name', ({ name, call, parameters }) => {
  test('takes what its types allow', async () => {
    expect(await failureOf(call, call.args())).toBeUndefined()
  })

  const wrong = wrongCalls(call, parameters).filter(
    ({ parameter, what }) => !call.ambiguous?.includes(`${parameter} ${what}`),
  )
  test.each(wrong)('refuses $what for $parameter', async ({ value, at, names }) => {
    const failure = await failureOf(call, replaced(call.args(), at, value))
    expect(failure).toMatchObject({
      name: atRunTime.test(name) ? 'StreamsError' : 'TopologyError',
      code: 'INVALID_ARGUMENT',
    })
    const { message } = failure as Error
    for (const part of [methodOf(name), ...names]) expect(message).toContain(part)
  })
})

test('the name of a misspelt option comes with the one that was meant', () => {
  expect(() => new StreamsBuilder().stream('a').to('b', { partitoner: () => 0 } as never)).toThrow(
    /to needs produced to have no options but name, key, value, partitioner, and got partitoner: did you mean partitioner\?/,
  )
})

test('a topic from a variable that is not set is named', () => {
  const { NO_SUCH_VARIABLE } = process.env
  expect(() => new StreamsBuilder().stream('a').to(NO_SUCH_VARIABLE as never)).toThrow(
    'to needs topic to be the name of a topic (letters, digits, ".", "_" and "-", at most 249), or a function that names one for each record, and got undefined',
  )
})

test.each(['orders-.*', 'my topic', '..', 'a'.repeat(250)])(
  'the topic %p, which Kafka can not have, is refused',
  (topic) => {
    const builder = new StreamsBuilder()
    const sources = [() => builder.stream(topic), () => builder.stream(['in', topic]), () => builder.table(topic)]
    const others = [() => builder.globalTable(topic), () => builder.stream('in').to(topic)]
    const refused = (message: string) => expect.objectContaining({ code: 'INVALID_ARGUMENT', message }) as Error
    for (const use of [...sources, ...others])
      expect(use).toThrow(refused(expect.stringContaining(`'${topic}'`) as unknown as string))
    expect(sources[0]).toThrow('or a pattern that their names match, as a regular expression such as /orders-.+/')
  },
)
