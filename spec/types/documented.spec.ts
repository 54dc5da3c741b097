import { join } from 'node:path'
import ts from 'typescript'
import { ENTRY_POINTS } from '../support/entry-points'

/**
 * No undocumented public name: what the package exports, the members of its classes, interfaces and options have doc comments;
 * functions and methods of classes also an example. Marked `@internal` and private ones are no part of it. And no type that
 * can't be imported: what their signatures speak of is exported, too.
 */
const ROOT = join(__dirname, '../..')
const ENTRIES = ENTRY_POINTS.map(({ module }) => module)

const programOf = (): ts.Program => {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (file) => ts.sys.readFile(file)).config as unknown
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  return ts.createProgram(
    ENTRIES.map((entry) => join(ROOT, entry)),
    options,
  )
}

const program = programOf()
const checker = program.getTypeChecker()

interface Name {
  readonly name: string
  readonly declarations: readonly ts.Declaration[]
}

const PRIVATE = ts.ModifierFlags.Private | ts.ModifierFlags.Protected

/** Private, internal, or of the language's own such as `[Symbol.asyncDispose]`. */
const isHidden = (declaration: ts.Declaration): boolean => {
  const name = ts.getNameOfDeclaration(declaration)
  return (
    (ts.getCombinedModifierFlags(declaration) & PRIVATE) !== 0 ||
    ts.getJSDocTags(declaration).some(({ tagName }) => tagName.text === 'internal') ||
    (name !== undefined && (ts.isPrivateIdentifier(name) || ts.isComputedPropertyName(name)))
  )
}

/** `const name = (…) => …` has its comment at the statement. */
const documented = (declaration: ts.Declaration): ts.Node =>
  ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration

const commentOf = (declaration: ts.Declaration): string =>
  ts
    .getJSDocCommentsAndTags(documented(declaration))
    .filter(ts.isJSDoc)
    .map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '')
    .join('')

const hasExample = (declaration: ts.Declaration): boolean =>
  ts.getJSDocTags(declaration).some(({ tagName, comment }) => tagName.text === 'example' && comment !== undefined)

const isFunction = (declaration: ts.Declaration): boolean =>
  ts.isFunctionDeclaration(declaration) ||
  (ts.isMethodDeclaration(declaration) && ts.isClassDeclaration(declaration.parent)) ||
  (ts.isVariableDeclaration(declaration) &&
    declaration.initializer !== undefined &&
    ts.isArrowFunction(declaration.initializer))

/** A constructor's parameters may be properties. */
const membersOf = (declaration: ts.Declaration): readonly ts.Declaration[] => {
  if (ts.isInterfaceDeclaration(declaration)) return declaration.members
  if (!ts.isClassDeclaration(declaration)) return []
  return declaration.members.flatMap<ts.Declaration>((member) => {
    if (!ts.isConstructorDeclaration(member)) return [member]
    return isHidden(member)
      ? []
      : member.parameters.filter((parameter) => ts.isParameterPropertyDeclaration(parameter, member))
  })
}

const namesOf = ({ name, declarations }: Name): Name[] => {
  const members = new Map<string, ts.Declaration[]>()
  for (const member of declarations.flatMap((declaration) => [...membersOf(declaration)])) {
    if (isHidden(member)) continue
    const key = ts.getNameOfDeclaration(member)?.getText() ?? '()'
    members.set(key, [...(members.get(key) ?? []), member])
  }
  return [
    { name, declarations },
    ...[...members].flatMap(([member, found]) => namesOf({ name: `${name}.${member}`, declarations: found })),
  ]
}

const exportsOf = (symbol: ts.Symbol, prefix = ''): Name[] =>
  checker.getExportsOfModule(symbol).flatMap((exported) => {
    const target = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
    const name = prefix + exported.name
    const declarations = target.declarations ?? []
    return declarations.some(ts.isSourceFile) ? exportsOf(target, `${name}.`) : namesOf({ name, declarations })
  })

/** What a signature says: not what a body does, nor what a property begins with. */
const signatureOf = (declaration: ts.Declaration): ts.Node[] => {
  const parts: ts.Node[] = []
  ts.forEachChild(declaration, (child) => {
    if (ts.isBlock(child) || ts.isExpressionStatement(child)) return
    if (ts.isExpression(child) && !ts.isExpressionWithTypeArguments(child)) {
      if (ts.isArrowFunction(child)) parts.push(...signatureOf(child as unknown as ts.Declaration))
      return
    }
    if (ts.isConstructorDeclaration(child)) return
    if ((ts.isClassElement(child) || ts.isTypeElement(child)) && isHidden(child)) return
    parts.push(...(ts.isClassElement(child) ? signatureOf(child) : [child]))
  })
  return parts
}

const typesIn = (node: ts.Node): ts.EntityName[] => {
  const found: ts.EntityName[] = []
  const visit = (child: ts.Node): void => {
    if (ts.isTypeReferenceNode(child)) found.push(child.typeName)
    if (ts.isExpressionWithTypeArguments(child) && ts.isIdentifier(child.expression)) found.push(child.expression)
    ts.forEachChild(child, visit)
  }
  visit(node)
  return found
}

const targetOf = (symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol

const symbolsOf = (module: ts.Symbol): ts.Symbol[] =>
  checker.getExportsOfModule(module).flatMap((exported) => {
    const target = targetOf(exported)
    return target.declarations?.some(ts.isSourceFile) ? symbolsOf(target) : [target]
  })

const exported = new Set(
  ENTRIES.flatMap((entry) => symbolsOf(checker.getSymbolAtLocation(program.getSourceFile(join(ROOT, entry))!)!)),
)

const isOurs = (symbol: ts.Symbol): boolean =>
  (symbol.flags & ts.SymbolFlags.TypeParameter) === 0 &&
  (symbol.declarations ?? []).some((declaration) => declaration.getSourceFile().fileName.startsWith(join(ROOT, 'lib')))

/** A type that is worked out of others: what stands in between is nobody's to write. */
const isComputed = (declaration: ts.Declaration): boolean =>
  ts.isTypeAliasDeclaration(declaration) &&
  (ts.isConditionalTypeNode(declaration.type) || ts.isTypeReferenceNode(declaration.type))

test('types that public signatures use can be imported', () => {
  const missing = new Set<string>()
  for (const symbol of exported) {
    for (const declaration of symbol.declarations ?? []) {
      if (isComputed(declaration)) continue
      for (const name of signatureOf(declaration).flatMap(typesIn)) {
        const used = checker.getSymbolAtLocation(name)
        if (used === undefined || !isOurs(targetOf(used)) || exported.has(targetOf(used))) continue
        missing.add(`${targetOf(used).name}, of ${symbol.name}`)
      }
    }
  }
  expect([...missing].sort()).toEqual([])
})

describe.each(ENTRIES)('%s', (entry) => {
  const names = exportsOf(checker.getSymbolAtLocation(program.getSourceFile(join(ROOT, entry))!)!)

  test('everything has a doc comment', () => {
    const bare = names.filter(({ declarations }) => !declarations.some((declaration) => commentOf(declaration) !== ''))
    expect(bare.map(({ name }) => name)).toEqual([])
  })

  test('functions and methods have an example', () => {
    const bare = names.filter(
      ({ declarations }) =>
        declarations.some(isFunction) && !declarations.some((declaration) => hasExample(declaration)),
    )
    expect(bare.map(({ name }) => name)).toEqual([])
  })
})
