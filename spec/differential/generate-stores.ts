import type { Op, Storage } from './program'
import type { Random } from './random'
import type { Calls } from './generate-calls'

/** Processors that call methods of stores of any kind: each with a topic of its own, since a call may be awaited. */
export const storeCalls = (random: Random): Calls => {
  const ops: Op[] = []
  const topics: string[] = []
  for (let i = 0; i < random.between(1, 2); i++) {
    const storage = storageOf(random)
    const calls = Array.from({ length: random.pick([5, 7, 8, 10]) }, () =>
      CALLS[storage.type](new Words(random, storage)),
    )
    const topic = `i${i}`
    topics.push(topic)
    const on = i * 2
    ops.push({ op: 'stream', topics: [topic] })
    ops.push({ op: 'callStore', on, store: `st${i}`, storage, calls })
    ops.push({ op: 'to', on: on + 1, topic: `o${i}` })
  }
  return { ops, topics }
}

const storageOf = (random: Random): Storage => {
  const type = random.pick(['key-value', 'window', 'session', 'versioned'] as const)
  const retention = random.pick([100, 1_000, 60_000, 150_000])
  const place = random.chance(0.5) ? { inMemory: true } : {}
  const cached = random.chance(0.35) ? { caching: true } : {}
  const timestamped = random.chance(0.5) ? { timestamped: true } : {}
  switch (type) {
    case 'key-value':
      if (random.chance(0.25)) return { type, ...cached, maxEntries: random.between(1, 4) }
      return { type, ...place, ...cached, ...timestamped }
    case 'window': {
      const window = { type, ...place, ...timestamped, retention, size: random.pick([10, 50, 100]) }
      return random.chance(0.25) ? { ...window, duplicates: true } : { ...window, ...cached }
    }
    case 'session':
      return { type, ...place, ...cached, retention }
    case 'versioned':
      return { type, retention }
  }
}

/** What may be given to calls of a store, without what Java gets wrong (docs/coming-from-java.md). */
class Words {
  constructor(
    readonly random: Random,
    readonly storage: Storage,
  ) {}

  key(): string {
    const { random } = this
    return random.chance(0.02) ? '~' : random.chance(0.6) ? '@' : random.pick(['a', 'b', 'c', 'ab'])
  }

  value(): string {
    return this.random.chance(0.15) ? '~' : '@'
  }

  time(): number {
    const { random, storage } = this
    return random.pick([0, 0, -5, 7, -20, 30, -(storage.retention ?? 0), random.between(-60, 20)])
  }

  /** Where to begin and to end. */
  times(): string {
    const { random } = this
    const bounds = [this.time(), this.time()].sort((a, b) => (random.chance(0.1) ? b - a : a - b))
    const from = random.chance(0.15) ? 'min' : bounds[0]
    return `${from}:${random.chance(0.15) ? 'max' : bounds[1]}`
  }

  /**
   * Keys to begin and to end with. Cached rows between open bounds may come twice in Java, and sessions in memory refuse
   * bounds in descending order.
   */
  keys(): string {
    const { random, storage } = this
    const isOpen = !(storage.caching && storage.type !== 'key-value')
    const bound = (): string => (isOpen && random.chance(0.25) ? '~' : random.pick(['a', 'ab', 'b', 'c', 'd']))
    const [from, to] = [bound(), bound()]
    const isDescending = from !== '~' && to !== '~' && from > to
    return isDescending && (storage.type === 'session' || random.chance(0.9)) ? `${to}:${from}` : `${from}:${to}`
  }

  /** Cached rows in reverse have what was deleted, in Java. */
  order(): string {
    return !this.storage.caching && this.random.chance(0.3) ? ':r' : ''
  }

  session(): string {
    const start = this.time()
    return `${start}:${start + this.random.pick([0, 0, 3, 10, 25])}`
  }
}

type MakeCall = (words: Words) => string

const CALLS: Readonly<Record<Storage['type'], MakeCall>> = {
  'key-value': (w) =>
    w.random.weighted<MakeCall>([
      [() => `put:${w.key()}:${w.value()}`, 4],
      [() => `putIfAbsent:${w.key()}:${w.value()}`, 1],
      // Java logs what it evicts of a bounded store before what is put
      [() => `putAll:${w.key()}:${w.value()}:${w.key()}:${w.value()}`, w.storage.maxEntries === undefined ? 1 : 0],
      [() => `delete:${w.key()}`, 1],
      [() => `get:${w.key()}`, 1],
      [() => `range:${w.keys()}${w.order()}`, 2],
      [() => `all${w.order()}`, 1],
      [() => `prefixScan:${w.random.pick(['a', 'ab', 'b', 'q'])}`, 1],
    ])(w),
  window: (w) =>
    w.random.weighted<MakeCall>([
      [() => `put:${w.key()}:${w.value()}:${w.time()}`, 5],
      [() => `get:${w.key()}:${w.time()}`, 1],
      [() => `fetch:${w.key()}:${w.times()}${w.order()}`, 2],
      [() => `fetchRange:${w.keys()}:${w.times()}${w.order()}`, 2],
      [() => `fetchAll:${w.times()}${w.order()}`, 1],
      [() => `all${w.order()}`, 1],
    ])(w),
  session: (w) =>
    w.random.weighted<MakeCall>([
      [() => `put:${w.key()}:${w.value()}:${w.session()}`, 5],
      [() => `remove:${w.key()}:${w.session()}`, 1],
      [() => `get:${w.key()}:${w.session()}`, 1],
      [() => `fetch:${w.key()}`, 1],
      [() => `fetchRange:${w.keys()}`, 1],
      [() => `find:${w.key()}:${w.times()}`, 2],
      [() => `findRange:${w.keys()}:${w.times()}`, 2],
    ])(w),
  versioned: (w) =>
    w.random.weighted<MakeCall>([
      [() => `put:${w.key()}:${w.value()}:${w.time()}`, 5],
      [() => `delete:${w.key()}:${w.time()}`, 1],
      [() => `get:${w.key()}`, 2],
      [() => `getAsOf:${w.key()}:${w.time()}`, 2],
    ])(w),
}
