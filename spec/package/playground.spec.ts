import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import ts from 'typescript'
import { parseRecords } from '../../docs/site/playground/records'
import type { PlaygroundResult } from '../../docs/site/playground/run-topology'

const ROOT = resolve(__dirname, '..', '..')
const PLAYGROUND = join(ROOT, 'docs/site/playground')
const folder = mkdtempSync(join(tmpdir(), 'millrace-playground-'))
const script = join(folder, 'worker.js')

const moduleScript = (body: string): string =>
  execFileSync(process.execPath, ['--input-type=module', '-'], { input: body, encoding: 'utf8' })

const from = (file: string): string => `'${pathToFileURL(join(PLAYGROUND, file)).href}'`

beforeAll(() => {
  moduleScript(`import { bundleWorker } from ${from('bundle.mjs')}; await bundleWorker(${JSON.stringify(script)})`)
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What a worker of a browser has, in a context that has nothing of Node. */
const BROWSER = `
  const { parentPort, workerData } = require('node:worker_threads')
  const vm = require('node:vm')
  const self = { onmessage: null, postMessage: (message) => parentPort.postMessage(message) }
  // a browser's timers are numbers
  const timer = (start) => (...parameters) => Number(start(...parameters))
  const scope = { self, setTimeout: timer(setTimeout), clearTimeout, setInterval: timer(setInterval), clearInterval, queueMicrotask, performance,
    crypto, TextEncoder, TextDecoder, URL, AbortController, AbortSignal, Event, EventTarget, console }
  parentPort.on('message', (data) => self.onmessage({ data }))
  vm.runInNewContext(require('node:fs').readFileSync(workerData, 'utf8'), scope)
`

/** A worker of Node under the interface of a browser's. */
class BrowserWorker {
  onmessage: ((event: { data: unknown }) => void) | undefined
  onerror: ((event: { message: string }) => void) | undefined
  readonly exited: Promise<number>
  readonly #worker = new Worker(BROWSER, { eval: true, workerData: script })

  constructor() {
    this.#worker.on('message', (data) => this.onmessage?.({ data }))
    this.#worker.on('error', ({ message }) => this.onerror?.({ message }))
    this.exited = new Promise((resolve) => this.#worker.once('exit', resolve))
  }

  postMessage(message: unknown): void {
    this.#worker.postMessage(message)
  }

  terminate(): void {
    void this.#worker.terminate()
  }
}

type RunInWorker = (
  worker: BrowserWorker,
  request: { code: string; records: string },
  limitMs?: number,
) => Promise<PlaygroundResult>

/** The page's own, with those that it imports; jest can't load a module of ECMAScript itself. */
const pageModule = <Exports>(file: string): Exports => {
  const { outputText } = ts.transpileModule(readFileSync(join(PLAYGROUND, file), 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  })
  const exports = {} as Exports
  new Function('exports', 'require', outputText)(exports, pageModule)
  return exports
}

const { runInWorker } = pageModule<{ runInWorker: RunInWorker }>('time-limit.mjs')

const { POLICY, SANDBOX } = pageModule<{ POLICY: string; SANDBOX: string }>('sandbox.mjs')

const { linkOf, openedBy } = pageModule<{
  linkOf: (code: string, records: string) => string
  openedBy: (hash: string, examples: readonly string[]) => object | null
}>('shared-link.mjs')

const withoutTypes = (code: string): string =>
  ts.transpileModule(code, { compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 } })
    .outputText

const run = async (code: string, records = '', limitMs = 60_000): Promise<PlaygroundResult> => {
  const worker = new BrowserWorker()
  const result = await runInWorker(worker, { code: withoutTypes(code), records }, limitMs)
  await worker.exited
  return result
}

const read = (file: string): string => readFileSync(join(PLAYGROUND, 'examples', file), 'utf8')

/** `line: key value @time`, as the page shows them. */
const lines = ({ topics }: PlaygroundResult): Record<string, string[]> =>
  Object.fromEntries(
    topics.map(({ name, records }) => [
      name,
      records.map(({ line, key, value, time }) => `${line}: ${key} ${value} @${time}`),
    ]),
  )

const rows = ({ stores }: PlaygroundResult): Record<string, string[] | undefined> =>
  Object.fromEntries(stores.map(({ name, rows: found }) => [name, found?.map(({ key, value }) => `${key} ${value}`)]))

const EXAMPLES: Record<
  string,
  { topics: Record<string, string[]>; stores: Record<string, string[] | undefined>; log?: string[] }
> = {
  'word-count': {
    topics: {
      'word-counts': [
        '2: to 1 @0s',
        '2: be 1 @0s',
        '2: or 1 @0s',
        '2: not 1 @0s',
        '2: to 2 @0s',
        '2: be 2 @0s',
        '3: to 3 @2s',
        '3: do 1 @2s',
      ],
    },
    stores: { counts: ['be 2', 'do 1', 'not 1', 'or 1', 'to 3'] },
  },
  'tumbling-windows': {
    topics: {
      'clicks-per-user': [
        '1: ada [0s – 1m] 1 @10s',
        '2: ada [0s – 1m] 2 @50s',
        '3: bob [0s – 1m] 1 @59s',
        '4: ada [1m – 2m] 1 @1m 1s',
        '6: bob [0s – 1m] 2 @59s',
        '7: bob [2m – 3m] 1 @2m',
      ],
    },
    stores: { 'clicks-per-minute': ['ada [0s – 1m] 2', 'bob [0s – 1m] 2', 'ada [1m – 2m] 1', 'bob [2m – 3m] 1'] },
    log: [expect.stringContaining('its window [0, 60000) has closed') as string],
  },
  'stream-table-join': {
    topics: {
      'orders-enriched': [
        '2: c1 {"customerId":"c1","amount":20,"name":"Ada"} @1s',
        '3: c2 {"customerId":"c2","amount":35,"name":"unknown"} @2s',
        '6: c1 {"customerId":"c1","amount":5,"name":"Ada Lovelace"} @5s',
        '9: c2 {"customerId":"c2","amount":12,"name":"unknown"} @7s',
      ],
    },
    stores: { customers: ['c1 {"name":"Ada Lovelace"}'] },
  },
  suppress: {
    topics: {
      'highest-per-minute': [
        '6: cellar [0s – 1m] 11.5 @30s',
        '6: kitchen [0s – 1m] 22 @20s',
        '9: cellar [1m – 2m] 12 @1m 20s',
        '9: kitchen [1m – 2m] 21 @1m 15s',
      ],
    },
    stores: {
      highest: [
        'cellar [0s – 1m] 11.5',
        'kitchen [0s – 1m] 22',
        'cellar [1m – 2m] 12',
        'kitchen [1m – 2m] 21',
        'kitchen [2m – 3m] 18',
      ],
      'KTABLE-SUPPRESS-STATE-STORE-0000000003': undefined,
    },
  },
  deduplicate: {
    topics: {
      payments: [
        '1: ada {"id":"p1","account":"ada","amount":10} @0s',
        '2: bob {"id":"p2","account":"bob","amount":25} @10s',
        '6: ada {"id":"p1","account":"ada","amount":10} @2h',
      ],
    },
    stores: {
      'seen-payments': ['p1 [0s – 1h]', 'p2 [10s – 1h 10s]', 'p1 [2h – 3h]'].map(
        (key) => expect.stringContaining(key) as string,
      ),
    },
  },
  'async-enrichment': {
    topics: {
      'addresses-with-country': [
        `1: ada {"street":"12 St James's Square","city":"London","country":"United Kingdom"} @0s`,
        '2: max {"street":"Rämistrasse 101","city":"Zürich","country":"Switzerland"} @1s',
      ],
      'addresses-not-found': ['3: eve {"street":"1 Nowhere Lane","city":"Atlantis"} @2s'],
    },
    stores: { 'find-country-pending': undefined },
    log: [expect.stringContaining('operator "find-country" failed on the record of addresses-0 at offset 2') as string],
  },
}

describe('the playground of the documentation site', () => {
  it('lists every example once, each with its records', () => {
    const listed = JSON.parse(
      moduleScript(
        `import { EXAMPLES } from ${from('examples.mjs')}; console.log(JSON.stringify(EXAMPLES.map(([name]) => name)))`,
      ),
    ) as string[]
    expect(listed).toEqual(Object.keys(EXAMPLES))
    expect(readdirSync(join(PLAYGROUND, 'examples')).sort()).toEqual(
      listed.flatMap((name) => [`${name}.ts`, `${name}.txt`]).sort(),
    )
  })

  it.each(Object.entries(EXAMPLES))('runs the example %s without Node', async (name, { topics, stores, log = [] }) => {
    const result = await run(read(`${name}.ts`), read(`${name}.txt`))
    expect(result.error).toBeUndefined()
    expect(lines(result)).toEqual(topics)
    expect(rows(result)).toEqual(stores)
    expect(result.log).toEqual(log)
    expect(result.topology!.text).toContain('Sub-topology: 0')
    expect(result.topology!.mermaid).toContain('flowchart')
    expect(result.topology!.svg).toMatch(/^<svg /)
  })

  const ECHO = `
    import { serdes, StreamsBuilder } from 'millrace'
    const builder = new StreamsBuilder()
    builder
      .stream('in', { key: serdes.string(), value: serdes.string() })
      .peek((value) => { if (value === 'bad') throw new Error('not that one') })
      .peek((value, key) => console.log(key, value))
      .to('out', { key: serdes.string(), value: serdes.string() })
    export const topology = () => builder.build()
  `

  it('shows what was written before an error, and the error with its code and place', async () => {
    const result = await run(ECHO, 'a: good @1s\nb: bad\nc: never')
    expect(result.error).toMatch(/^StreamsError \[PROCESSING_FAILED\]: .*in-0.*not that one/)
    expect(lines(result)).toEqual({ out: ['1: a good @1s'] })
    expect(result.log).toEqual(['a good'])
  })

  it.each([
    [
      'a topology that is wrong',
      "import { StreamsBuilder } from 'millrace'; new StreamsBuilder().stream('')",
      /^TopologyError \[INVALID_ARGUMENT\]: /,
    ],
    ['code that throws', "throw new TypeError('mine')", /^TypeError: mine$/],
    ['code without a topology', 'export const nothing = 1', /export const topology = builder\.build\(\)/],
    ['an import of something else', "import fs from 'node:fs'; fs.readFileSync('x')", /"node:fs" is not there/],
    ['an application', "import { KafkaStreams } from 'millrace'; new KafkaStreams()", /KafkaStreams needs a broker/],
  ])('explains %s', async (_what, code, message) => {
    expect((await run(code)).error).toMatch(message)
  })

  it('explains a record of a topic that nothing reads', async () => {
    expect((await run(ECHO, 'other | a: b')).error).toMatch(/\[INVALID_ARGUMENT\]: no source reads topic "other"/)
  })

  it('shows no internal topics, and bytes of stores as hexadecimal digits', async () => {
    const result = await run(
      `
        import { serdes, StreamsBuilder } from 'millrace'
        const texts = { key: serdes.string(), value: serdes.string() }
        const builder = new StreamsBuilder()
        const names = builder.table('names', texts, 'names')
        builder.table('orders', texts, 'orders').join(names, (id) => id, (id, name) => id + name).toStream().to('out', texts)
        export const topology = builder.build()
      `,
      'names | n1: Ada\norders | o1: n1',
    )
    expect(lines(result)).toEqual({ out: ['2: o1 n1Ada @0s'] })
    const { names, orders, ...subscriptions } = rows(result)
    expect({ names, orders }).toEqual({ names: ['n1 Ada'], orders: ['o1 n1'] })
    expect(Object.values(subscriptions)).toEqual([[expect.stringContaining('"primaryKey":"6f31"')]])
  })

  it('says which value is no JSON', async () => {
    const numbers = ECHO.replace('value: serdes.string()', 'value: serdes.json<string>()')
    expect((await run(numbers, 'a: "good"\nb: {bad')).error).toMatch(
      /^Error: line 2: the serde of "in" can't write the value {bad, caused by SyntaxError: /,
    )
  })

  it.each<[line: string, record: object]>([
    ['hello', { topic: undefined, key: null, value: 'hello', timestamp: 0 }],
    ['  ada: to be: or not @90s ', { key: 'ada', value: 'to be: or not', timestamp: 90_000 }],
    ['"a: b": c', { key: 'a: b', value: 'c' }],
    ['clicks | ada: {"page": "/"} @1m30s', { topic: 'clicks', key: 'ada', value: '{"page": "/"}', timestamp: 90_000 }],
    ['{"page": "/"}', { key: null, value: '{"page": "/"}' }],
    ['see http://localhost', { key: null, value: 'see http://localhost' }],
    ['ada: null', { key: 'ada', value: null }],
    ['null: x @1500', { key: null, value: 'x', timestamp: 1500 }],
    ['write to me @home', { key: null, value: 'write to me @home', timestamp: 0 }],
    ['x @2026-01-01T12:00Z', { value: 'x', timestamp: Date.UTC(2026, 0, 1, 12) }],
    ['+1', { kind: 'record', value: '+1' }],
  ])('reads the line %s', (line, record) => {
    expect(parseRecords(line)).toEqual([expect.objectContaining({ kind: 'record', line: 1, ...record })])
  })

  it('gives a record without a time that of the line before it', () => {
    const steps = parseRecords('# a comment\n\na @10s\nb\n+1m\nc')
    expect(steps).toMatchObject([
      { line: 3, timestamp: 10_000 },
      { line: 4, timestamp: 10_000 },
      { kind: 'advance', line: 5, by: 60_000 },
      { line: 6, timestamp: 70_000 },
    ])
  })

  it('shows as much of a huge output as a page can show', async () => {
    const result = await run(
      `
        import { serdes, StreamsBuilder } from 'millrace'
        const numbers = { key: serdes.long(), value: serdes.string() }
        const builder = new StreamsBuilder()
        const many = builder.stream('in', { value: serdes.string() }).flatMap((text) => Array.from({ length: 1500 }, (_, i) => [i, i > 0 ? '' : text]), numbers)
        many.to('out', numbers)
        many.toTable({ store: 'table', ...numbers })
        for (let i = 0; i < 1500; i++) console.log('x'.repeat(20_000))
        export const topology = builder.build()
      `,
      'y'.repeat(20_000),
    )
    expect(result.error).toBeUndefined()
    expect(result.topics).toMatchObject([{ name: 'out', more: 500 }])
    expect(result.topics[0]!.records).toHaveLength(1000)
    expect(result.topics[0]!.records[0]!.value).toBe(`${'y'.repeat(10_000)}…`)
    expect(result.stores).toMatchObject([{ name: 'table', more: 500 }])
    expect(result.stores[0]!.rows).toHaveLength(1000)
    expect(result.log).toHaveLength(1001)
    expect(result.log[0]).toBe(`${'x'.repeat(10_000)}…`)
    expect(result.log[1000]).toBe('… and more')
  })

  it('opens the examples and the links of readers, and nothing for any other hash', () => {
    const open = (hash: string): object | null => openedBy(hash, ['word-count'])
    expect(open('#word-count')).toEqual({ example: 'word-count' })
    expect(open(linkOf('code – ü', 'a: b'))).toEqual({ shared: { code: 'code – ü', records: 'a: b' } })
    expect(['', '#', '#VPContent', '#code=', '#code=e30', '#constructor'].map(open)).toEqual(Array(6).fill(null))
  })

  it.each([
    ['nothing', 'null'],
    ['a text', "'hello'"],
    ['what the page expects first', "'ready'"],
    ['an object', '{}'],
    ['a result without topics', '{ stores: [], log: [] }'],
    ['topics that are none', "{ topics: ['out'], stores: [], log: [] }"],
    ['records that are none', "{ topics: [{ name: 'out', records: null }], stores: [], log: [] }"],
    ['a key that is no text', "{ topics: [], stores: [{ name: 'rows', rows: [{ key: {}, value: null }] }], log: [] }"],
    ['a topology without a drawing', "{ topics: [], stores: [], log: [], topology: { text: '', mermaid: '' } }"],
    ['an error that is no text', '{ topics: [], stores: [], log: [], error: {} }'],
    ['a list that has no end', '{ topics: [], stores: [], log: Array(1e6).fill(String()) }'],
  ])('stops code that sends the page %s', async (_what, message) => {
    const { error, ...rest } = await run(`self.postMessage(${message}); ${ECHO}`, 'a: b')
    expect(error).toBe('stopped: the code sent the page a message of its own')
    expect(rest).toEqual({ topics: [], stores: [], log: [] })
  })

  it('gives the code no way to send anything elsewhere', () => {
    const directives = new Map(POLICY.split('; ').map((directive) => directive.split(/ (.*)/, 2) as [string, string]))
    expect(directives.get('default-src')).toBe("'none'")
    expect(directives.get('connect-src')).toBe("'none'")
    // no host is a source of scripts either: the name of one could carry what is to be sent
    expect(directives.get('script-src')).toBe("'unsafe-inline' 'unsafe-eval'")
    expect(directives.get('worker-src')).toBe('blob:')
    expect(SANDBOX).toBe('allow-scripts')
  })

  it.each([
    ['an endless loop', 'for (;;) {}'],
    ['a promise that never resolves', 'await new Promise(() => {})'],
  ])('stops %s', async (_what, code) => {
    expect((await run(`export {}; ${code}`, '', 500)).error).toMatch(/^stopped after 0\.5 seconds/)
  })
})
