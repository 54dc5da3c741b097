import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import ts from 'typescript'
import rooms from '../../.config/rooms.json'

/** The rooms of lib/ and what each may import are in .config/rooms.json, from the ground floor up. */
interface Room {
  readonly room: string
  readonly paths: readonly string[]
  readonly imports: readonly string[]
  /** Of these rooms it takes types, and no values. */
  readonly typesOnly?: readonly string[]
}

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

const LIB = join(__dirname, '../../lib')
const ROOMS: readonly Room[] = rooms
const FILES = readdirSync(LIB, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'))
  .sort()

const sources = new Map(
  FILES.map((file) => {
    const text = readFileSync(join(LIB, file), 'utf8')
    return [file, ts.createSourceFile(file, text, ts.ScriptTarget.Latest)]
  }),
)
const imports = FILES.flatMap(importsOf)

function importsOf(from: string): Import[] {
  const found: Import[] = []
  const add = (specifier: ts.Node | undefined, typeOnly: boolean): void => {
    if (!specifier || !ts.isStringLiteral(specifier) || !specifier.text.startsWith('.')) return
    const path = posix.join(posix.dirname(from), specifier.text)
    const to = [`${path}.ts`, `${path}/index.ts`].find((file) => sources.has(file))
    if (to === undefined) throw new Error(`lib/${from} imports ${specifier.text}, which is no file of lib`)
    found.push({ from, to, typeOnly })
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node))
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node))
      add(ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, true)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      add(node.arguments[0], false)
    }
    ts.forEachChild(node, visit)
  }
  visit(sources.get(from)!)
  return found
}

function isTypeOnly({ importClause }: ts.ImportDeclaration): boolean {
  if (!importClause) return false
  if (importClause.isTypeOnly) return true
  const { name, namedBindings } = importClause
  if (name || !namedBindings || !ts.isNamedImports(namedBindings)) return false
  return namedBindings.elements.every((element) => element.isTypeOnly)
}

/** The longest path wins: a room may be inside another. */
const ROOM_OF: ReadonlyMap<string, Room> = new Map(
  ROOMS.flatMap((room) => room.paths.map((path) => ({ room, path })))
    .sort((a, b) => a.path.length - b.path.length)
    .flatMap(({ room, path }) => FILES.filter((file) => file.startsWith(path)).map((file) => [file, room] as const)),
)

/** Files that reach themselves by their imports, in groups that all reach each other (Tarjan's algorithm). */
function circles(): string[][] {
  const targets = new Map(FILES.map((file) => [file, imports.filter(({ from }) => from === file).map(({ to }) => to)]))
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const path: string[] = []
  const found: string[][] = []
  const visit = (file: string): void => {
    order.set(file, order.size)
    lowest.set(file, order.get(file)!)
    path.push(file)
    for (const target of targets.get(file)!) {
      if (!order.has(target)) visit(target)
      if (path.includes(target)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(target)!))
    }
    if (lowest.get(file) !== order.get(file)) return
    const circle = path.splice(path.indexOf(file))
    if (circle.length > 1 || targets.get(file)!.includes(file)) found.push(circle.sort())
  }
  for (const file of FILES) if (!order.has(file)) visit(file)
  return found
}

/** `stream.groupByKey().count().toStream()`: these classes make each other. */
const isClassOfTheDsl = (file: string): boolean =>
  file.startsWith('dsl/') && sources.get(file)!.statements.some(isExportedClass)

/** Or an interface that narrows one. */
const isExportedClass = (statement: ts.Statement): boolean =>
  (ts.isClassDeclaration(statement) ||
    (ts.isInterfaceDeclaration(statement) && statement.heritageClauses !== undefined)) &&
  (statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false)

test('every file of lib is in a room', () => {
  expect(FILES.filter((file) => !ROOM_OF.has(file))).toEqual([])
})

test('rooms import only rooms below them in the table', () => {
  const upward = ROOMS.flatMap(({ room, imports }, i) => {
    const below = ROOMS.slice(0, i).map(({ room }) => room)
    return imports.filter((name) => !below.includes(name)).map((name) => `${room} → ${name}`)
  })
  expect(upward).toEqual([])
})

test('no import leads to a room that its own may not know', () => {
  const upward = imports.flatMap(({ from, to }) => {
    const [room, other] = [ROOM_OF.get(from)!, ROOM_OF.get(to)!]
    if (room === other || room.imports.includes(other.room)) return []
    return [`lib/${from} imports lib/${to}: ${room.room} may import ${room.imports.join(', ') || 'nothing'}`]
  })
  expect(upward).toEqual([])
})

test('operators are made by the compilation of a graph alone: the DSL and the graph take only their types', () => {
  const values = imports.flatMap(({ from, to, typeOnly }) =>
    !typeOnly && ROOM_OF.get(from)!.typesOnly?.includes(ROOM_OF.get(to)!.room)
      ? [`lib/${from} imports a value of lib/${to}`]
      : [],
  )
  expect(values).toEqual([])
})

test('imports, also those of types, make no circle but that of the classes of the DSL', () => {
  expect(circles().filter((circle) => !circle.every(isClassOfTheDsl))).toEqual([])
})

test('the time of day is asked for only where it is shown, stored or compared with timestamps: it can be set, and is no measure of how long something takes', () => {
  const asking = FILES.filter((file) => /\bDate\.now\(/.test(sources.get(file)!.text))
  expect(asking).toEqual([
    'files/run-on-files.ts',
    'http/dashboard/instance-state.ts',
    'kafka/memory/embedded-kafka.ts',
    'kafka/memory/transaction-coordinator.ts',
    'observe/json-logger.ts',
    'observe/metrics/thread-sensors.ts',
    'observe/recent-problems.ts',
    'runtime/changelog/owner-epochs.ts',
    'runtime/executor/processing-loop.ts',
    'runtime/processing/clock.ts',
    'runtime/tasks/changelog-refill.ts',
    'runtime/tasks/start-positions.ts',
    'state/open-scans.ts',
    'testing/topology-test-driver.ts',
    'topology/timestamp-extractors.ts',
  ])
})
