import type { Mat, Op, Win } from './program'
import type { Random } from './random'

export interface Calls {
  readonly ops: readonly Op[]
  /** To be written into. */
  readonly topics: readonly string[]
}

/** What is known of a value while calls are made up. */
interface Value {
  readonly kind: 'stream' | 'table' | 'global' | 'group' | 'tableGroup'
  /** The serdes of its keys and values, as words. `un`: windows without an end. */
  readonly k: string
  readonly v: string
  /** The DSL knows the serde by itself; else it takes the default, for strings. */
  readonly kKnown: boolean
  readonly vKnown: boolean
  /** A table that is versioned, with how much history. */
  readonly versioned?: number
  /** A table of cogrouped windows, whose rows Java can't look up: it fails to start with a join of them. */
  readonly closed?: boolean
  readonly id: number
  /** How many records become of one, about. */
  readonly weight: number
  used: boolean
}

type Kind = Omit<Value, 'id' | 'weight' | 'used'>

/** Above it a program gets too long. */
const HEAVIEST = 40

const STRINGS = { k: 's', v: 's', kKnown: false, vKnown: false }

/** Makes up calls that fit together. */
export class Generator {
  private readonly ops: Op[] = []
  private readonly values: Value[] = []
  private readonly topics = new Set<string>()
  private names = 0

  constructor(
    private readonly random: Random,
    private readonly start: number,
  ) {}

  calls(): Calls {
    const { random } = this
    for (let left = random.between(1, 3); left > 0; left--) this.source()
    const wanted = this.ops.length + random.between(3, 12)
    // not every call that is made up fits
    for (let tries = 0; this.ops.length < wanted && tries < 100; tries++) this.operator()
    this.sinks()
    return { ops: this.ops, topics: [...this.topics] }
  }

  // ------------------------------------------------------------------------------------------ helpers

  private add(op: Op, ...kinds: Kind[]): Value[] {
    const weight = this.weightOf(op)
    if (weight > HEAVIEST && op.op !== 'to') return []
    this.ops.push(JSON.parse(JSON.stringify(op)) as Op)
    const made = kinds.map((kind, i) => ({ ...kind, id: this.values.length + i, weight, used: false }))
    this.values.push(...made)
    return made
  }

  private weightOf({ op, on, with: other, parts, win, f }: Op): number {
    const of = (value: number | undefined): number => (value === undefined ? 0 : this.values[value]!.weight)
    const sum = of(on) + of(other) + (parts ?? []).reduce((all, [group]) => all + of(group), 0)
    switch (op) {
      case 'streamJoin':
        return of(on) * of(other) * 3
      case 'foreignKeyJoin':
        return sum * 3
      case 'tableGroupBy':
        return sum * 2
      case 'flatMap':
      case 'flatMapValues':
        return sum * (f === 'chars' ? 2 : f!.startsWith('rep') ? 2 : 1)
      case 'stream':
      case 'table':
      case 'globalTable':
        return 1
      default:
        return win === undefined ? sum : sum * (win.type === 'sliding' ? 3 : win.advance === undefined ? 1 : 3)
    }
  }

  private on(value: Value): { on: number } {
    value.used = true
    return { on: value.id }
  }

  private with(value: Value): { with: number } {
    value.used = true
    return { with: value.id }
  }

  private any(kind: Value['kind'], fits: (value: Value) => boolean = () => true): Value | undefined {
    const fitting = this.values.filter((value) => value.kind === kind && fits(value))
    if (fitting.length === 0) return undefined
    // what is new is what is interesting
    const fresh = fitting.filter(({ used }) => !used)
    return this.random.pick(fresh.length > 0 && this.random.chance(0.75) ? fresh : fitting)
  }

  private named(probability = 0.12): { name?: string } {
    return this.random.chance(probability) ? { name: `n${this.names++}` } : {}
  }

  /** A serde where it has to be given, and sometimes where not. */
  private hint(serde: string, known: boolean): string | undefined {
    if (serde === 'un') return undefined
    if (serde === 's' || known) return this.random.chance(0.2) ? serde : undefined
    return serde
  }

  private hints({ k, v, kKnown, vKnown }: Omit<Kind, 'kind'>): { ks?: string; vs?: string } {
    return { ks: this.hint(k, kKnown), vs: this.hint(v, vKnown) }
  }

  private value(): string {
    const { random } = this
    return random.weighted([
      [`tag:${random.pick('xyz'.split(''))}`, 4],
      ['key', 2],
      [`drop:${random.between(3, 5)}:${random.below(3)}`, 2],
      [`part:${random.between(2, 4)}`, 2],
      ['first', 1],
      ['const:c', 0.5],
    ])
  }

  private key(): string {
    const { random } = this
    return random.weighted([
      [`part:${random.between(2, 3)}`, 4],
      ['first', 4],
      [`drop:${random.between(3, 5)}:${random.below(3)}`, 1],
      ['key', 1],
      ['const:k', 1],
    ])
  }

  private predicate(): string {
    return `${this.random.pick(['k', 'v', 'v'])}:${this.random.between(2, 4)}:${this.random.below(2)}`
  }

  private combine(): string {
    const { random } = this
    return random.weighted([
      ['cat', 5],
      ['key', 1],
      ['last', 1],
      ['max', 1],
      [`drop:${random.between(3, 5)}:${random.below(3)}`, 2],
    ])
  }

  private mat(kind: Omit<Kind, 'kind'>, { windowed = 0, global = false } = {}): Mat | undefined {
    const { random } = this
    const { ks, vs } = this.hints(kind)
    if (ks === undefined && vs === undefined && random.chance(0.45)) return undefined
    if (windowed === 0 && !global && kind.k === 's' && random.chance(0.12)) {
      return { store: `st${this.names++}`, versioned: random.pick([20, 100, 100_000]), ks, vs }
    }
    const mat: Mat = {
      ks,
      vs,
      ...(random.chance(0.5) && { store: `st${this.names++}` }),
      ...(random.chance(0.25) && { type: random.pick(['persistent', 'in-memory'] as const) }),
      ...(random.chance(0.15) && { caching: false }),
      ...(random.chance(0.05) && { logging: false }),
      ...(windowed > 0 &&
        windowed < Infinity &&
        random.chance(0.25) && { retention: windowed + random.pick([0, 1, 10, 100, 100_000]) }),
    }
    // Java refuses a global table with options and without a name: its store gets none
    if (global && mat.store === undefined) return { ...mat, store: `st${this.names++}` }
    const given = JSON.parse(JSON.stringify(mat)) as Mat
    return Object.keys(given).length === 0 ? { store: `st${this.names++}` } : given
  }

  /** What a table is that is kept so. */
  private kept(kind: Kind, mat: Mat | undefined): Kind {
    return {
      ...kind,
      kKnown: kind.kKnown || mat?.ks !== undefined,
      vKnown: kind.vKnown || mat?.vs !== undefined,
      versioned: mat === undefined ? kind.versioned : mat.versioned,
      closed: kind.closed && mat?.store === undefined,
    }
  }

  // ------------------------------------------------------------------------------------------ sources and sinks

  private source(): void {
    const { random } = this
    const serdes = random.chance(0.6) ? { ks: 's', vs: 's' } : {}
    const known = { ...STRINGS, kKnown: 'ks' in serdes, vKnown: 'vs' in serdes }
    const kind = random.weighted([
      ['stream', 5],
      ['table', 4],
      ['globalTable', 0.7],
    ] as const)
    if (kind === 'stream') {
      const topics = random.chance(0.1) ? ['s1', 's2'] : [random.pick(['s1', 's2', 's3'])]
      // streams may share their topics, all of them or none
      const overlaps = (op: Op) => op.op === 'stream' && op.topics!.some((topic) => topics.includes(topic))
      if (this.ops.some((op) => overlaps(op) && op.topics!.join() !== topics.join())) return
      for (const topic of topics) this.topics.add(topic)
      this.add({ op: kind, topics, ...serdes, ...this.named() }, { kind, ...known })
      return
    }
    const topic = kind === 'table' ? random.pick(['t1', 't2', 't3']) : 'g1'
    if (this.topics.has(topic)) return
    this.topics.add(topic)
    const global = kind === 'globalTable'
    const mat = this.mat(known, { global })
    // in Java the serdes that the store gets are none of the table's
    const table = { ...this.kept({ kind: global ? 'global' : 'table', ...known }, mat), ...serdesOf(known) }
    this.add({ op: kind, topic, ...serdes, ...this.named(), mat }, table)
  }

  private to(stream: Value, topic: string): void {
    this.add({ op: 'to', ...this.on(stream), topic, ...this.hints(stream), ...this.named(0.05) })
  }

  /** What nobody has used goes to a topic. */
  private sinks(): void {
    const { random, values } = this
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!
      if (value.used && !(random.chance(0.2) && (value.kind === 'stream' || value.kind === 'table'))) continue
      if (value.kind === 'group') this.aggregate(value)
      else if (value.kind === 'tableGroup') this.aggregateTable(value)
      else if (value.kind === 'table') this.toStream(value)
      else if (value.kind === 'stream' && value.k === 'un' && !value.kKnown) this.map(value)
      else if (value.kind === 'stream') this.to(value, `o${i}`)
    }
  }

  // ------------------------------------------------------------------------------------------ operators

  private operator(): void {
    const { random } = this
    const kinds = [
      ['stream', 5],
      ['table', 5],
      ['group', 8],
      ['tableGroup', 5],
    ] as const
    const there = kinds.filter(([kind]) => this.values.some((value) => value.kind === kind))
    const kind = random.weighted([...there, ['source', 0.6] as const])
    if (kind === 'source') return this.source()
    const value = this.any(kind)!
    if (kind === 'stream') this.streamOperator(value)
    else if (kind === 'table') this.tableOperator(value)
    else if (kind === 'group') this.groupOperator(value)
    else this.aggregateTable(value)
  }

  private streamOperator(stream: Value): void {
    const { random } = this
    const call = random.weighted<(stream: Value) => void>([
      [(on) => this.stateless(on), 4],
      [(on) => this.group(on), 9],
      [(on) => this.streamJoin(on), 6],
      [(on) => this.tableJoin(on), 4],
      [(on) => this.globalJoin(on), 2.5],
      [(on) => this.toTable(on), 2],
      [(on) => this.process(on), 2],
      [(on) => this.split(on), 1],
      [(on) => this.merge(on), 1],
      [(on) => this.through(on), 0.5],
    ])
    call(stream)
  }

  private stateless(stream: Value): void {
    const { random } = this
    const same = { ...kindOf(stream) }
    const base = { ...this.on(stream), ...this.named() }
    switch (random.below(8)) {
      case 0:
        return void this.add({ op: 'filter', ...base, f: this.predicate() }, same)
      case 1:
        return void this.add({ op: 'filterNot', ...base, f: this.predicate() }, same)
      case 2:
        return this.map(stream)
      case 3:
        return void this.add({ op: 'mapValues', ...base, f: this.value() }, { ...same, v: 's', vKnown: false })
      case 4: {
        const f = random.pick(['chars', 'rep:2', `some:${random.between(2, 4)}:0`])
        return void this.add({ op: 'flatMapValues', ...base, f }, { ...same, v: 's', vKnown: false })
      }
      case 5: {
        const f = random.pick(['chars', 'rep:2', `some:${random.between(2, 4)}:0`])
        return void this.add({ op: 'flatMap', ...base, f, kf: this.key() }, { kind: 'stream', ...STRINGS })
      }
      case 6:
        return void this.add({ op: 'selectKey', ...base, f: this.key() }, { ...same, k: 's', kKnown: false })
      default: {
        if (stream.k === 'un') return this.map(stream)
        // in Java the topic's keys don't get the serde that the stream has
        const { ks, vs } = this.hints({ ...stream, kKnown: false })
        const known = { kKnown: stream.kKnown || ks !== undefined, vKnown: stream.vKnown || vs !== undefined }
        this.add({ op: 'repartition', ...base, ks, vs }, { ...same, ...known })
      }
    }
  }

  private map(stream: Value): void {
    this.add(
      { op: 'map', ...this.on(stream), f: this.value(), kf: this.key(), ...this.named() },
      { kind: 'stream', ...STRINGS },
    )
  }

  private process(stream: Value): void {
    const { random } = this
    const f = random.weighted([
      ['count', 3],
      [`ticks:${random.pick([5, 10, 50])}:${random.pick(['stream', 'stream', 'wall'])}`, 2],
      [`shift:${random.between(1, 10)}`, 1],
      ['header:p', 1],
      ['meta', 1],
    ])
    const store = f === 'count' ? { store: `st${this.names++}`, ...(random.chance(0.3) && { caching: true }) } : {}
    const base = { ...this.on(stream), ...this.named(), ...store }
    if (random.chance(0.4)) {
      const value = f === 'count' ? 'count' : 'ts'
      this.add({ op: 'processValues', ...base, f: value }, { ...kindOf(stream), v: 's', vKnown: false })
    } else if (stream.k === 's' && !(stream.v === 'l' && !/^(count|meta)$/.test(f))) {
      this.add({ op: 'process', ...base, f }, { kind: 'stream', ...STRINGS })
    } else {
      this.map(stream)
      this.addStoreLess()
    }
  }

  /** A store that was named for a call that isn't made leaves no trace. */
  private addStoreLess(): void {
    this.names++
  }

  private split(stream: Value): void {
    const { random } = this
    const branches = Array.from({ length: random.between(1, 2) }, () => this.predicate())
    const withDefault = random.chance(0.6)
    const kinds = [...branches, ...(withDefault ? [''] : [])].map(() => kindOf(stream))
    this.add(
      { op: 'split', ...this.on(stream), ...this.named(), branches, ...(withDefault && { default: true }) },
      ...kinds,
    )
  }

  private merge(stream: Value): void {
    const other = this.any('stream', ({ k, v }) => k === stream.k && v === stream.v)
    if (!other) return
    const merged = { ...kindOf(stream), kKnown: false, vKnown: false }
    if (stream.k === 'un') return
    this.add({ op: 'merge', ...this.on(stream), ...this.with(other), ...this.named() }, merged)
  }

  private through(stream: Value): void {
    if (stream.k === 'un') return
    const topic = `m${this.names++}`
    this.to(stream, topic)
    const { k, v } = stream
    const known = { k, v, kKnown: true, vKnown: true }
    if (this.random.chance(0.5)) this.add({ op: 'stream', topics: [topic], ks: k, vs: v }, { kind: 'stream', ...known })
    else {
      const mat = this.mat(known)
      this.add({ op: 'table', topic, ks: k, vs: v, mat }, this.kept({ kind: 'table', ...known }, mat))
    }
  }

  private group(stream: Value): void {
    if (stream.k === 'un') return this.map(stream)
    const byKey = this.random.chance(0.6)
    const group: Kind = byKey
      ? { ...kindOf(stream), kind: 'group' }
      : { kind: 'group', k: 's', v: stream.v, kKnown: false, vKnown: stream.vKnown }
    const call = { ...(byKey ? { op: 'groupByKey' } : { op: 'groupBy', f: this.key() }), ...this.on(stream) }
    if (this.random.chance(0.6) && isText(group.k, group.kKnown) && isText(group.v, group.vKnown)) {
      this.add(call, group)
      return
    }
    // Java's `Grouped` hides the serdes that the stream has
    const hidden = { ...group, kKnown: false, vKnown: false }
    const hints = this.hints(hidden)
    this.add(
      { ...call, ...hints, ...this.named(0.3) },
      { ...hidden, kKnown: hints.ks !== undefined, vKnown: hints.vs !== undefined },
    )
  }

  private toTable(stream: Value): void {
    if (stream.k === 'un') return this.map(stream)
    // in Java options hide the serdes that the stream has
    const mat = this.mat({ ...stream, kKnown: false, vKnown: false })
    this.add(
      { op: 'toTable', ...this.on(stream), ...this.named(), mat },
      this.kept({ ...kindOf(stream), kind: 'table' }, mat),
    )
  }

  private streamJoin(stream: Value): void {
    const { random } = this
    const other = this.any('stream', ({ k }) => k === stream.k)
    if (!other || stream.k === 'un') return
    const diff = random.pick([0, 3, 10, 20])
    const before = random.chance(0.15) ? random.pick([0, 5, 15, -2]) : undefined
    const after = random.chance(0.15) ? random.pick([0, 5, 15]) : undefined
    // Java looks at them one after the other
    if ((before ?? diff) + Math.min(diff, after ?? diff) < 0) return
    // in Java the serdes of neither side are used, nor carried along
    const result: Kind = { kind: 'stream', k: stream.k, v: 's', kKnown: false, vKnown: false }
    const ks = this.hint(stream.k, false)
    this.add(
      {
        op: 'streamJoin',
        ...this.on(stream),
        ...this.with(other),
        kind: random.pick(['inner', 'left', 'outer'] as const),
        f: this.joiner(),
        diff,
        before,
        after,
        grace: random.pick([0, 0, 5, 20]),
        ks,
        vs: this.hint(stream.v, false),
        os: this.hint(other.v, false),
        ...this.named(),
        ...(random.chance(0.1) && { store: `st${this.names++}` }),
      },
      { ...result, kKnown: ks !== undefined },
    )
  }

  private joiner(): string {
    return this.random.weighted([
      ['cat', 6],
      ['key', 1],
      ['drop:4:1', 1],
    ])
  }

  private tableJoin(on: Value): void {
    const { random } = this
    const table = this.any('table', ({ k, closed }) => k === on.k && !closed)
    if (!table || on.k === 'un') return
    const graced = table.versioned !== undefined && table.versioned >= 20 && random.chance(0.6)
    const kind = random.pick(['inner', 'left'] as const)
    let stream = on
    if (graced && kind === 'left') {
      // Java fails with records that have no key, which is not copied
      stream = this.add({ op: 'filter', ...this.on(on), f: 'keyed' }, kindOf(on))[0]!
    }
    const ks = this.hint(stream.k, stream.kKnown)
    const vs = this.hint(stream.v, stream.vKnown)
    this.add(
      {
        op: 'tableJoin',
        ...this.on(stream),
        ...this.with(table),
        kind,
        f: this.joiner(),
        ks,
        vs,
        ...this.named(),
        ...(graced && { grace: random.pick([1, 10, 20]) }),
      },
      { kind: 'stream', k: stream.k, v: 's', kKnown: stream.kKnown || ks !== undefined, vKnown: false },
    )
  }

  private globalJoin(stream: Value): void {
    const table = this.any('global')
    if (!table) return
    const kf = this.random.pick(['first', 'first', 'drop:4:1', 'const:a'])
    const kind = this.random.pick(['inner', 'left'] as const)
    this.add(
      { op: 'globalJoin', ...this.on(stream), ...this.with(table), kind, kf, f: this.joiner(), ...this.named() },
      { ...kindOf(stream), v: 's', vKnown: false },
    )
  }

  // ------------------------------------------------------------------------------------------ aggregations

  private groupOperator(group: Value): void {
    if (this.random.chance(0.2)) this.cogroup(group)
    else this.aggregate(group)
  }

  private windows(): Win | undefined {
    const { random, start } = this
    const size = random.pick([5, 10, 20, 30])
    const grace = random.pick([0, 0, 5, 10, 30])
    return random.weighted<Win | undefined>([
      [undefined, 3],
      [{ type: 'time', size, grace }, 3],
      [{ type: 'time', size, grace, advance: random.pick([1, 2, 3]) * Math.ceil(size / 4) }, 2],
      // Java has no windows of size 0
      [{ type: 'sliding', size: random.pick([3, 5, 10, 20]), grace }, 3],
      [{ type: 'session', size: random.pick([2, 5, 10]), grace }, 3],
      [{ type: 'unlimited', start: random.chance(0.5) ? 0 : start + 5 }, 0.5],
    ])
  }

  private aggregate(group: Value): void {
    const { random } = this
    const chosen = this.windows()
    // windows of windows have no serde
    const win = group.k === 's' ? chosen : undefined
    const op = group.v === 's' ? random.pick(['count', 'reduce', 'aggregate']) : random.pick(['count', 'aggregate'])
    const inner: Kind = {
      ...kindOf(group),
      kind: 'table',
      v: op === 'count' ? 'l' : 's',
      vKnown: op !== 'aggregate' && (op === 'count' || group.vKnown),
    }
    const mat = this.mat(inner, { windowed: retained(win) })
    const close = win !== undefined && win.type !== 'unlimited' && random.chance(0.25)
    const needsKey = win?.type === 'unlimited' || random.chance(0.8)
    const withKey = win && !group.kKnown && needsKey ? { ...(mat ?? {}), ks: 's' } : mat
    const [table] = this.add(
      {
        op,
        ...this.on(group),
        ...(op !== 'count' && { f: this.combine() }),
        ...(op === 'aggregate' && { init: this.initial(), ...(win?.type === 'session' && { merge: this.combine() }) }),
        win,
        ...(close && { close }),
        mat: withKey,
        ...(withKey ? this.named() : {}),
      },
      windowed(this.kept(inner, withKey), win),
    )
    if (win && table && random.chance(0.2)) this.suppress(table)
  }

  private initial(): string | null {
    return this.random.weighted([
      ['', 4],
      ['i', 3],
      [null, 1],
    ])
  }

  private cogroup(group: Value): void {
    const { random } = this
    const others = Array.from({ length: random.below(3) }, () => this.any('group', ({ k }) => k === group.k)!)
    const groups = [...new Set([group, ...others])]
    const win = group.k === 's' ? this.windows() : undefined
    // in Java the serdes of the groups are not carried along
    const inner: Kind = { kind: 'table', k: group.k, v: 's', kKnown: false, vKnown: false }
    const mat = this.mat(inner, { windowed: retained(win) })
    const withKey = win ? { ...(mat ?? {}), ks: 's' } : mat
    for (const one of groups) one.used = true
    this.add(
      {
        op: 'cogroup',
        parts: groups.map(({ id }) => [id, this.combine()] as const),
        init: this.initial(),
        ...(win?.type === 'session' && { merge: this.combine() }),
        win,
        mat: withKey,
        ...this.named(),
      },
      { ...windowed(this.kept(inner, withKey), win), closed: win !== undefined },
    )
  }

  private aggregateTable(group: Value): void {
    const { random } = this
    const op = random.pick(['count', 'reduce', 'aggregate'])
    const result: Kind = {
      ...kindOf(group),
      kind: 'table',
      v: op === 'count' ? 'l' : 's',
      vKnown: op !== 'aggregate' && (op === 'count' || group.vKnown),
    }
    const mat = this.mat(result)
    this.add(
      {
        op,
        ...this.on(group),
        ...(op !== 'count' && { f: this.combine(), sub: this.combine() }),
        ...(op === 'aggregate' && { init: this.initial() }),
        mat,
        ...(mat ? this.named() : {}),
      },
      this.kept(result, mat),
    )
  }

  // ------------------------------------------------------------------------------------------ tables

  private tableOperator(table: Value): void {
    const call = this.random.weighted<(table: Value) => void>([
      [(on) => this.toStream(on), 4],
      [(on) => this.filterTable(on), 3],
      [(on) => this.mapTable(on), 3],
      [(on) => this.groupTable(on), 4],
      [(on) => this.joinTables(on), 6],
      [(on) => this.joinForeign(on), 4],
      [(on) => this.suppress(on), 3],
    ])
    call(table)
  }

  private toStream(table: Value): void {
    const { random } = this
    if (random.chance(0.8)) {
      this.add({ op: 'toStream', ...this.on(table), ...this.named() }, { ...kindOf(table), kind: 'stream' })
    } else {
      const stream: Kind = { kind: 'stream', k: 's', v: table.v, kKnown: false, vKnown: table.vKnown }
      this.add({ op: 'toStream', ...this.on(table), kf: this.key(), ...this.named() }, stream)
    }
  }

  private filterTable(table: Value): void {
    const op = this.random.pick(['tableFilter', 'tableFilterNot'])
    const mat = this.matOf(table, kindOf(table))
    this.add({ op, ...this.on(table), f: this.predicate(), ...this.named(), mat }, this.kept(kindOf(table), mat))
  }

  private mapTable(table: Value): void {
    const { random } = this
    const result: Kind = { ...kindOf(table), v: 's', vKnown: false }
    const mat = this.matOf(table, result)
    if (random.chance(0.6)) {
      this.add(
        { op: 'tableMapValues', ...this.on(table), f: this.value(), ...this.named(), mat },
        this.kept(result, mat),
      )
    } else {
      const f = random.pick(['count', 'ts', 'tag:t', 'drop:3:1'])
      const store = f === 'count' ? { store: `st${this.names++}` } : {}
      this.add({ op: 'transformValues', ...this.on(table), f, ...store, ...this.named(), mat }, this.kept(result, mat))
    }
  }

  /** Windows without an end have no serde to keep them by. */
  private matOf(table: Value, result: Kind): Mat | undefined {
    if (table.k === 'un') return undefined
    // in Java the store of such a table doesn't get the serdes that the table has
    return this.random.chance(0.5) ? this.mat({ ...result, kKnown: false, vKnown: false }) : undefined
  }

  private groupTable(table: Value): void {
    const kind: Kind = { kind: 'tableGroup', ...STRINGS }
    const hints = this.hints(kind)
    this.add(
      { op: 'tableGroupBy', ...this.on(table), kf: this.key(), f: this.value(), ...hints, ...this.named() },
      { ...kind, kKnown: hints.ks !== undefined, vKnown: hints.vs !== undefined },
    )
  }

  private joinTables(table: Value): void {
    const { random } = this
    if (table.closed) return
    const other = this.any('table', ({ k, closed }) => k === table.k && !closed)
    if (!other) return
    const result: Kind = { ...kindOf(table), v: 's', vKnown: false, versioned: undefined }
    const mat = this.matOf(table, result)
    const kind = random.pick(['inner', 'left', 'outer'] as const)
    this.add(
      { op: 'tableTableJoin', ...this.on(table), ...this.with(other), kind, f: this.joiner(), ...this.named(), mat },
      this.kept(result, mat),
    )
  }

  private joinForeign(table: Value): void {
    const { random } = this
    if (table.k !== 's' || (table.v !== 's' && !table.vKnown)) return
    const other = this.any('table', ({ k, v, vKnown }) => k === 's' && (v === 's' || vKnown))
    if (!other) return
    const result: Kind = { ...kindOf(table), v: 's', vKnown: false, versioned: undefined }
    const mat = this.matOf(table, result)
    const kind = random.pick(['inner', 'left'] as const)
    const kf = random.pick(['first', 'first', 'first', 'drop:4:1', 'part:2', 'const:a'])
    this.add(
      {
        op: 'foreignKeyJoin',
        ...this.on(table),
        ...this.with(other),
        kind,
        kf,
        f: this.joiner(),
        ...this.named(),
        mat,
      },
      this.kept(result, mat),
    )
  }

  private suppress(table: Value): void {
    const { random } = this
    if (table.k === 'un' || (table.k !== 's' && !table.kKnown) || (table.v !== 's' && !table.vKnown)) return
    if (table.versioned !== undefined && random.chance(0.9)) return
    const untilClose = table.k !== 's' && random.chance(0.7)
    const bounds = random.weighted<Partial<Op>>([
      [{}, 4],
      [{ maxRecords: random.below(4) }, 2],
      [{ maxBytes: random.pick([0, 100, 200]) }, 1],
    ])
    this.add(
      {
        op: 'suppress',
        ...this.on(table),
        ...(untilClose
          ? random.chance(0.2) && { maxRecords: 3 }
          : {
              wait: random.pick([0, 1, 5, 20]),
              ...bounds,
              ...('maxRecords' in bounds && random.chance(0.1) && { shutDown: true }),
            }),
        ...this.named(),
      },
      kindOf(table),
    )
  }
}

/** Strings do without a serde, others have to be known. */
const isText = (serde: string, known: boolean): boolean => serde === 's' || known

const serdesOf = ({ kKnown, vKnown }: Omit<Kind, 'kind'>) => ({ kKnown, vKnown })

const kindOf = ({ id: _id, weight: _weight, used: _used, ...kind }: Value): Kind => kind

/** The least retention of the windows' store; 0 for no windows. */
const retained = (win: Win | undefined): number => {
  if (!win) return 0
  if (win.type === 'unlimited') return Infinity
  return (win.type === 'sliding' ? 2 : 1) * win.size! + win.grace!
}

const windowed = (table: Kind, win: Win | undefined): Kind => {
  if (!win) return table
  const k = win.type === 'session' ? 'sw' : win.type === 'unlimited' ? 'un' : `tw:${win.size}`
  return { ...table, k, versioned: undefined, closed: false }
}
