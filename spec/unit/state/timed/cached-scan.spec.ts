import { bytes, string } from '../../../../lib/serdes'
import { sessionStore } from '../../../../lib/state/session/session-stores'
import { windowStore } from '../../../../lib/state/window/window-stores'
import { Windowed } from '../../../../lib/record/windowed'
import { at, build, collect, StoreTask } from '../../../contract/stores/store-task'

const START = Date.parse('2026-01-01')
/** Each is the start of the next one, followed by bytes that a time begins with as well. */
const KEYS = ['61', '610000', '61000001']
const options = { key: bytes(), value: string(), retention: 1_000_000, caching: true }

interface Rows {
  put(key: Buffer, value: string | null): void
  all(reverse: boolean): AsyncIterable<[Windowed<Buffer>, string]>
}

const tasks: StoreTask[] = []
afterEach(async () => {
  for (const task of tasks.splice(0)) await task.close()
})

const open = async (kind: string, persistent: boolean) => {
  const windows = build(windowStore('windows', { ...options, windowSize: 1000, persistent }))
  const sessions = build(sessionStore('sessions', { ...options, persistent }))
  const task = await StoreTask.open([windows, sessions], { cacheBytes: 1 << 20 })
  task.recordContext = at(5)
  tasks.push(task)
  const rows: Rows =
    kind === 'window'
      ? { put: (key, value) => windows.put(key, value, START), all: (reverse) => windows.all({ reverse }) }
      : {
          put: (key, value) => sessions.put(new Windowed(key, { start: START, end: START + 5 }), value),
          all: (reverse) => sessions.fetchRange(null, null, { reverse }),
        }
  const shown = async (reverse = false): Promise<string[]> => {
    const all = await collect(rows.all(reverse))
    return all.map(([{ key }, value]) => `${key.toString('hex')} ${value}`).sort()
  }
  return { task, shown, put: (key: string, value: string | null) => rows.put(Buffer.from(key, 'hex'), value) }
}

describe.each([
  ['window', true],
  ['window', false],
  ['session', true],
  ['session', false],
] as const)('a scan of a cached %s store whose keys begin with each other (persistent: %j)', (kind, persistent) => {
  test.each([false, true])('gives each row once, as it is in the cache (reverse: %j)', async (reverse) => {
    const { task, shown, put } = await open(kind, persistent)
    for (const key of KEYS) put(key, 'old')
    await task.commit()
    for (const key of KEYS) put(key, 'new')
    expect(await shown(reverse)).toEqual(['61 new', '610000 new', '61000001 new'])
    for (const key of KEYS.slice(1)) put(key, null)
    expect(await shown(reverse)).toEqual(['61 new'])
  })
})
