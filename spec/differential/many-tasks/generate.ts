import type { Input, Op, Program } from '../program'
import { Random } from '../random'

/**
 * Programs whose results don't depend on how tasks take turns, so that one task and many must come to the same: records of
 * a key that may come from several tasks meet only functions that don't care about their order, and nothing is ever late.
 */
export const generateForTasks = (seed: number, start = 1_000): Program => {
  const random = new Random(seed)
  const ops = new Calls(random).ops
  const inputs = inputsOf(random, { start, deletes: !ops.some(({ op }) => op === 'foreignKeyJoin') })
  // A join looks at rows whose updates its caches have not told it of yet, and may so miss that both sides have gone. So does
  // Java's: what comes of it depends on when caches are flushed.
  const joinsTables = ops.some(({ op }) => op === 'tableTableJoin' || op === 'foreignKeyJoin')
  const config = {
    cache: joinsTables ? 0 : random.pick([0, 10_485_760]),
    inMemory: random.chance(0.3),
    optimization: random.chance(0.3) ? ('all' as const) : ('none' as const),
  }
  const restartAt = random.chance(0.7) ? random.between(5, inputs.length - 5) : undefined
  return { seed, config, start, ops, inputs, ...(restartAt !== undefined && { restartAt }) }
}

const STREAMS = ['s0', 's1']
const TABLES = ['t0', 't1']
/** Longer than all inputs are apart. */
const LONG = 1_000_000

/** In the order of their timestamps, over all topics. */
const inputsOf = (random: Random, { start, deletes }: { start: number; deletes: boolean }): Input[] => {
  const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'].slice(0, random.between(3, 8))
  let time = start
  return Array.from({ length: random.between(20, 60) }, () => {
    const topic = random.pick([...STREAMS, ...TABLES])
    const isTable = TABLES.includes(topic)
    time += random.weighted([
      [random.between(1, 5), 5],
      [random.between(10, 60), 1],
    ])
    const key = !isTable && random.chance(0.04) ? null : random.pick(keys)
    // windowed aggregators get the nulls of streams, and mind when
    const value = deletes && isTable && random.chance(0.18) ? null : random.pick(keys) + random.below(10)
    return [topic, key, value, time] as const
  })
}

interface StreamValue {
  readonly kind: 'stream'
  readonly at: number
  /** All records of a key come from one task, in order. */
  readonly ordered: boolean
  /** As it came from its topic, as to keys and times: tables of the same task are as far as it is. */
  readonly direct: boolean
  /** The topics that it comes from. */
  readonly roots: readonly string[]
}

interface TableValue {
  readonly kind: 'table'
  readonly at: number
  /** Serdes of keys and values, to write it. */
  readonly ks: string
  readonly vs: string
  /** Straight from a topic. */
  readonly source: boolean
  /** The first old value of a row is that of an initializer, as in Java: a table that groups such rows takes away what it never got. */
  readonly initialized: boolean
  /** Rows may go, even if its topics have no deletes. */
  readonly loses: boolean
  readonly roots: readonly string[]
}

class Calls {
  readonly ops: Op[] = []
  private readonly streams: StreamValue[] = []
  private readonly tables: TableValue[] = []
  /** Of the rows of tables. */
  private readonly counts: number[] = []
  private values = 0
  private stores = 0

  constructor(private readonly random: Random) {
    for (const topic of STREAMS) {
      const at = this.call({ op: 'stream', topics: [topic], ks: 's', vs: 's' })
      this.streams.push({ kind: 'stream', at, ordered: true, direct: true, roots: [topic] })
    }
    for (const topic of TABLES)
      this.table({ op: 'table', topic, ks: 's', vs: 's', mat: this.mat() }, { roots: [topic] })
    for (let left = random.between(4, 10); left > 0; left--) this.step()
    for (const { at } of this.streams.slice(STREAMS.length)) this.write(at, at, 's', 's')
    for (const at of this.counts) this.write(at, this.call({ op: 'toStream', on: at }), 's', 'l')
    for (const { at, ks, vs } of this.tables) this.write(at, this.call({ op: 'toStream', on: at }), ks, vs)
  }

  private step(): void {
    const { random } = this
    const stream = random.pick(this.streams)
    const on = stream.at
    switch (
      random.weighted([
        ['values', 2],
        ['keys', 2],
        ['merge', 1],
        ['repartition', 1],
        ['streamJoin', 1],
        ['tableJoin', 2],
        ['toTable', 1],
        ['aggregate', 4],
        ['tableValues', 1],
        ['tableGroup', 2],
        ['tableTableJoin', 2],
        ['foreignKeyJoin', 2],
      ])
    ) {
      case 'values':
        this.stream(
          random.pick<Op>([
            { op: 'filter', on, f: 'v:3:1' },
            { op: 'mapValues', on, f: random.pick(['tag:x', 'key']) },
            { op: 'flatMapValues', on, f: random.pick(['chars', 'rep:2', 'some:3:1']) },
          ]),
          stream,
        )
        return
      case 'keys':
        this.stream(
          random.pick<Op>([
            { op: 'selectKey', on, f: random.pick(['first', 'part:5', 'tag:k']) },
            { op: 'map', on, f: 'tag:m', kf: random.pick(['first', 'part:4']) },
          ]),
          { ordered: false, direct: false, roots: stream.roots },
        )
        return
      case 'merge': {
        const other = random.pick(this.streams)
        const roots = [...stream.roots, ...other.roots]
        this.stream({ op: 'merge', on, with: other.at }, { ordered: false, direct: false, roots })
        return
      }
      case 'repartition':
        this.stream({ op: 'repartition', on, ks: 's', vs: 's' }, { ...stream, direct: false })
        return
      case 'streamJoin': {
        const other = random.pick(this.streams)
        if (other === stream) return
        const window = { diff: LONG, grace: LONG, ks: 's', vs: 's', os: 's' }
        this.stream(
          { op: 'streamJoin', on, with: other.at, kind: 'inner', f: 'cat', ...window },
          { ordered: false, direct: false, roots: [...stream.roots, ...other.roots] },
        )
        return
      }
      case 'tableJoin': {
        const table = random.pick(this.tables.filter(({ source }) => source))
        if (!stream.direct) return
        const roots = [...stream.roots, ...table.roots]
        this.stream(
          { op: 'tableJoin', on, with: table.at, kind: this.kind(), f: 'cat', ks: 's', vs: 's' },
          { ...stream, roots },
        )
        return
      }
      case 'toTable':
        if (stream.ordered) this.table({ op: 'toTable', on, mat: this.mat('s', 's') }, { roots: stream.roots })
        return
      case 'aggregate':
        this.aggregate(stream)
        return
      case 'tableValues': {
        const table = random.pick(this.tables)
        const mat = random.chance(0.5) ? this.mat() : undefined
        if (random.chance(0.5))
          this.table({ op: 'tableFilter', on: table.at, f: 'v:3:2', mat }, { ...table, loses: true })
        else
          this.table(
            { op: 'tableMapValues', on: table.at, f: 'tag:y', mat: mat && { ...mat, vs: 's' } },
            { ...table, vs: 's' },
          )
        return
      }
      case 'tableGroup': {
        const { at } = random.pick(this.tables.filter(({ initialized }) => !initialized))
        const grouped = { op: 'tableGroupBy', on: at, kf: random.pick(['first', 'part:3']) }
        const group = this.call({ ...grouped, f: 'tag:g', ks: 's', vs: 's' })
        // how often it is 0 on its way depends on the cache: nothing more is made of it
        this.counts.push(this.call({ op: 'count', on: group, mat: this.mat() }))
        return
      }
      case 'tableTableJoin': {
        const kind = random.pick(['inner', 'left', 'outer'] as const)
        this.joinTables({ op: 'tableTableJoin', kind }, this.tables)
        return
      }
      case 'foreignKeyJoin':
        // a row that goes while the other one changes may leave its result behind, in Java as well
        this.joinTables(
          { op: 'foreignKeyJoin', kind: this.kind(), kf: random.pick(['first', 'part:3']) },
          this.tables.filter(({ loses }) => !loses),
        )
    }
  }

  /** Tables that one record changes both may keep rows that have gone, in Java as well: how many depends on the cache. */
  private joinTables(join: Op, tables: readonly TableValue[]): void {
    const plain = tables.filter(({ ks, vs }) => ks === 's' && vs === 's')
    const [left, right] = [this.random.pick(plain), this.random.pick(plain)]
    if (left.roots.some((root) => right.roots.includes(root))) return
    const roots = [...left.roots, ...right.roots]
    const initialized = left.initialized || right.initialized
    const loses = left.loses || right.loses
    const call = { ...join, on: left.at, with: right.at, f: 'cat', mat: this.mat('s', 's') }
    this.table(call, { roots, initialized, loses })
  }

  private aggregate({ at: on, ordered, roots }: StreamValue): void {
    const { random } = this
    const byKey = random.chance(0.5)
    const isOrdered = ordered && byKey
    const group = this.call(
      byKey
        ? { op: 'groupByKey', on, ks: 's', vs: 's' }
        : { op: 'groupBy', on, f: random.pick(['first', 'part:4']), ks: 's', vs: 's' },
    )
    const { win, ks } = random.weighted<{ win?: Op['win']; ks: string }>([
      [{ ks: 's' }, 3],
      [{ win: { type: 'time', size: 20, grace: LONG }, ks: 'tw:20' }, 1],
      [{ win: { type: 'time', size: 30, advance: 10, grace: LONG }, ks: 'tw:30' }, 1],
      [{ win: { type: 'session', size: 15, grace: LONG }, ks: 'sw' }, 1],
    ])
    const windowed = win === undefined ? {} : { win }
    if (random.chance(0.4)) {
      this.table({ op: 'count', on: group, ...windowed, mat: this.mat() }, { ks, vs: 'l', roots, initialized: true })
      return
    }
    const f = isOrdered && win?.type !== 'session' ? random.pick(['cat', 'last', 'max', 'drop:4:1']) : 'max'
    const call = random.chance(0.5) ? { op: 'reduce' } : { op: 'aggregate', init: '', merge: 'max' }
    const initialized = call.op === 'aggregate'
    const loses = f.startsWith('drop')
    this.table({ ...call, on: group, f, ...windowed, mat: this.mat('s', 's') }, { ks, roots, initialized, loses })
  }

  private kind(): 'inner' | 'left' {
    return this.random.pick(['inner', 'left'])
  }

  private mat(ks?: string, vs?: string): Op['mat'] {
    const { random } = this
    const serdes = { ...(ks !== undefined && { ks }), ...(vs !== undefined && { vs }) }
    const type = random.weighted<Op['mat']>([
      [{}, 3],
      [{ type: 'in-memory' }, 1],
      [{ caching: false }, 1],
    ])
    return { store: `st${this.stores++}`, ...serdes, ...type }
  }

  private write(of: number, on: number, ks: string, vs: string): void {
    this.ops.push({ op: 'to', on, topic: `o${of}`, ks, vs })
  }

  private stream(op: Op, { ordered, direct, roots }: Pick<StreamValue, 'ordered' | 'direct' | 'roots'>): void {
    this.streams.push({ kind: 'stream', at: this.call(op), ordered, direct, roots })
  }

  private table(op: Op, table: Partial<TableValue> & Pick<TableValue, 'roots'>): void {
    const defaults = { ks: 's', vs: 's', initialized: false, loses: false }
    this.tables.push({ ...defaults, ...table, kind: 'table', at: this.call(op), source: op.op === 'table' })
  }

  private call(op: Op): number {
    this.ops.push(op)
    return this.values++
  }
}
