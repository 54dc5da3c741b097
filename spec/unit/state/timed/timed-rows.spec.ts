import { silentLogger } from '../../../../lib/observe/logger'
import { levelEngine } from '../../../../lib/state/level/level-engine'
import type { TaskDatabase } from '../../../../lib/state/state-engine'
import { Retention, segmentMs } from '../../../../lib/state/timed/retention'
import { RowMemory } from '../../../../lib/state/timed/row-memory'
import { TimedRows } from '../../../../lib/state/timed/timed-rows'
import { collect } from '../../../contract/stores/store-task'
import { randomFrom } from '../random-numbers'
import { temporaryFolder } from '../temporary-folder'

const folder = temporaryFolder()

interface Row {
  readonly key: string
  readonly time: number
  readonly second: number
  readonly value: string
}

interface Bounds {
  readonly retentionMs: number
  readonly bucketMs: number
  readonly timeOrdered: boolean
  readonly memoryBytes: number
  readonly maxDirtyKeys: number
}

/** What the rows have to be: all of them in one list. */
class Model {
  rows: readonly Row[] = []
  observed = -1

  constructor(private readonly retentionMs: number) {}

  get retention(): Retention {
    const retention = new Retention({ retentionMs: this.retentionMs, persistent: true, showsClosing: false })
    retention.observed = this.observed
    return retention
  }

  put(key: string, time: number, second: number, value: string | null): boolean {
    this.observed = Math.max(this.observed, time)
    if (time < this.retention.liveFrom) return false
    const others = this.rows.filter((row) => row.key !== key || row.time !== time || row.second !== second)
    this.rows = value === null ? others : [...others, { key, time, second, value }]
    return true
  }

  visible(): Row[] {
    const { visibleFrom } = this.retention
    return this.rows
      .filter(({ time }) => time >= visibleFrom)
      .sort((a, b) => a.time - b.time || a.second - b.second || (a.key < b.key ? -1 : 1))
  }
}

const openDatabase = async (name: string): Promise<TaskDatabase> =>
  levelEngine().open({
    directory: `${folder.path}/${name}`,
    taskId: '0_0',
    stores: [{ name: 'rows', logged: true }],
    logger: silentLogger,
  })

const openRows = (database: TaskDatabase, bounds: Bounds): TimedRows => {
  const { retentionMs, bucketMs, timeOrdered } = bounds
  return new TimedRows({
    bytes: database.stores.get('rows')!,
    retention: new Retention({ retentionMs, persistent: true, showsClosing: false }),
    bucketMs,
    segmentMs: timeOrdered ? bucketMs : segmentMs(retentionMs),
    timeOrdered,
    readsExpired: false,
    memory: new RowMemory(bounds.memoryBytes),
    maxDirtyKeys: bounds.maxDirtyKeys,
  })
}

/** Puts, removes, reads, commits, restarts and crashes at random. */
const compareWithModel = async (seed: number, bounds: Bounds): Promise<void> => {
  const random = randomFrom(seed)
  const database = await openDatabase(String(seed))
  let rows = openRows(database, bounds)
  let model = new Model(bounds.retentionMs)
  let committed = new Model(bounds.retentionMs)
  const keys = Array.from({ length: 12 }, (_, i) => `${'key'.repeat(1 + (i % 15))}${i}`)
  const anyKey = (): string => keys[random(keys.length)]!
  /** How far times are apart; an endless retention has no say in it. */
  const span = bounds.retentionMs === Infinity ? 5000 : bounds.retentionMs
  const anyTime = (): number => Math.max(0, model.observed - random(Math.floor(1.5 * span)))
  const show = ({ time, second, value }: { time: number; second: number; value: Buffer }): string =>
    `${time}/${second}=${value.toString()}`
  const expected = ({ time, second, value }: Row): string => `${time}/${second}=${value}`

  try {
    for (let step = 0; step < 2000; step++) {
      const key = anyKey()
      const choice = random(100)
      if (choice < 50) {
        const time = random(4) > 0 ? model.observed + 1 + random(Math.min(bounds.bucketMs, span) / 2) : anyTime()
        const value = random(8) === 0 ? null : `${step}${'x'.repeat(random(200))}`
        const second = random(3)
        const taken = rows.put(Buffer.from(key), time, second, value === null ? null : Buffer.from(value))
        expect(taken).toBe(model.put(key, time, second, value))
      } else if (choice < 75) {
        const row = model.visible()[random(20)]
        if (row === undefined) continue
        if (random(3) === 0) {
          rows.put(Buffer.from(row.key), row.time, row.second, null)
          model.put(row.key, row.time, row.second, null)
        } else {
          expect(rows.get(Buffer.from(row.key), row.time, row.second)?.toString()).toBe(row.value)
        }
        expect(rows.get(Buffer.from(row.key), row.time, 7)).toBeNull()
      } else if (choice < 95) {
        const from = anyTime()
        const to = from + random(span)
        expect(rows.range(Buffer.from(key), from, to).map(show)).toEqual(
          model
            .visible()
            .filter((row) => row.key === key && row.time >= from && row.time <= to)
            .map(expected),
        )
      } else if (choice < 97) {
        rows.writeOut()
        database.seal()
        await database.commit(new Map())
        committed = Object.assign(new Model(bounds.retentionMs), model)
        if (random(2) === 0) {
          rows.close()
          rows = openRows(database, bounds)
        }
      } else if (choice < 98) {
        rows.close()
        database.discard()
        rows = openRows(database, bounds)
        model = Object.assign(new Model(bounds.retentionMs), committed)
      } else {
        const scanned = await collect(rows.scan({ keyFrom: null, keyTo: null, from: 0, to: Infinity }))
        const found = scanned.map((row) => `${row.key.toString()} ${show(row)}`)
        expect([...found].sort()).toEqual(
          model
            .visible()
            .map((row) => `${row.key} ${expected(row)}`)
            .sort(),
        )
        if (bounds.timeOrdered) {
          expect(scanned.map(({ time }) => time)).toEqual(scanned.map(({ time }) => time).sort((a, b) => a - b))
        }
      }
    }
  } finally {
    await database.close()
  }
}

describe('the rows of a window store are those of a list, through commits, restarts and crashes', () => {
  const wide = { memoryBytes: 1 << 20, maxDirtyKeys: 1000 }
  const tight = { memoryBytes: 4000, maxDirtyKeys: 4 }
  const cases: readonly (readonly [string, Bounds])[] = [
    ['with room for all', { retentionMs: 4000, bucketMs: 500, timeOrdered: false, ...wide }],
    ['in time order', { retentionMs: 4000, bucketMs: 500, timeOrdered: true, ...wide }],
    ['with room for a few buckets', { retentionMs: 4000, bucketMs: 500, timeOrdered: false, ...tight }],
    ['with room for a few buckets, in time order', { retentionMs: 4000, bucketMs: 500, timeOrdered: true, ...tight }],
    [
      'with buckets that do not divide a segment',
      { retentionMs: 200_000, bucketMs: 7001, timeOrdered: false, ...tight },
    ],
    [
      'in a single bucket, with room for all',
      { retentionMs: Infinity, bucketMs: Infinity, timeOrdered: false, ...wide },
    ],
    ['in a single bucket', { retentionMs: Infinity, bucketMs: Infinity, timeOrdered: false, ...tight }],
    ['with buckets as long as the retention', { retentionMs: 90_000, bucketMs: 90_000, timeOrdered: false, ...tight }],
  ]
  test.each(cases)('%s', async (_name, bounds) => {
    await compareWithModel(cases.findIndex(([, each]) => each === bounds) + 1, bounds)
  })
})
