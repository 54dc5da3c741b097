import { Random } from '../differential/random'

/** What can be done to a running application, and its name on the command line. */
export const FAULTS = {
  kill: 'kill an instance (SIGKILL), start it again',
  stop: 'stop an instance (SIGSTOP) past its session, then resume it: a zombie',
  close: 'close an instance cleanly (SIGTERM), start it again',
  wipe: 'delete the local state of an instance while it does not run',
  truncate: 'cut off the end of one file of local state while the instance does not run',
  flip: 'flip bits in one LevelDB table while the instance does not run',
  cut: 'cut all connections of one instance, or of all',
  stall: 'let nothing through between an instance and the brokers for a while, then everything',
  broker: 'kill or stop one broker, start it again',
  outage: 'kill all brokers, start them again',
  topic: 'delete an input topic, create it again',
} as const

export type FaultKind = keyof typeof FAULTS

export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[]

export const INSTANCES = 3
export const BROKERS = 3
export const SESSION_MS = 6000

export type Ending = 'SIGKILL' | 'SIGTERM'

/** `at` is when it begins, `ms` how long it lasts; both in milliseconds. Instances and brokers are counted from 1. */
interface Timed {
  readonly at: number
  readonly ms: number
}

export interface InstanceFault extends Timed {
  readonly kind: 'kill' | 'stop' | 'close'
  readonly instance: number
}

export interface StateFault extends Timed {
  readonly kind: 'wipe' | 'truncate' | 'flip'
  readonly instance: number
  readonly by: Ending
  /** Of the choice of the file and the place in it. */
  readonly seed: number
}

export interface CutFault extends Timed {
  readonly kind: 'cut'
  readonly instances: readonly number[]
}

export interface StallFault extends Timed {
  readonly kind: 'stall'
  readonly instance: number
  readonly brokers: readonly number[]
}

export interface BrokerFault extends Timed {
  readonly kind: 'broker'
  readonly broker: number
  readonly by: Ending
}

export interface ClusterFault extends Timed {
  readonly kind: 'outage' | 'topic'
}

export type Fault = InstanceFault | StateFault | CutFault | StallFault | BrokerFault | ClusterFault

/** Faults of one lane happen one after the other, those of different lanes at any time. */
export interface Lane {
  readonly name: string
  readonly faults: readonly Fault[]
  /** When the last one may begin, if those before it took longer than planned. */
  readonly lastAt: number
}

export interface PlanOptions {
  readonly seed: number
  readonly minutes: number
  readonly kinds: readonly FaultKind[]
}

interface LaneKind {
  readonly name: string
  readonly weights: Partial<Record<FaultKind, number>>
  /** Between the end of a fault and the next one. */
  readonly pauseMs: readonly [from: number, to: number]
  /** Before the end of the run nothing begins any more. */
  readonly lastMs: number
  make(kind: FaultKind, at: number, random: Random): Fault
}

/** The same for the same seed, whatever happens in the run. */
export const planOf = ({ seed, minutes, kinds }: PlanOptions): Lane[] =>
  laneKinds().map((lane, i) => {
    const random = new Random(seed * 101 + i)
    const choices = kinds.flatMap((kind) => (lane.weights[kind] ? [[kind, lane.weights[kind]] as const] : []))
    const faults: Fault[] = []
    const lastAt = minutes * 60_000 - lane.lastMs
    const [from, to] = lane.pauseMs
    // not all lanes at once
    let at = random.between(2000, to)
    while (choices.length > 0 && at < lastAt) {
      const fault = lane.make(random.weighted(choices), at, random)
      faults.push(fault)
      at += fault.ms + random.between(from, to)
    }
    return { name: lane.name, faults, lastAt }
  })

const laneKinds = (): LaneKind[] => [
  ...Array.from({ length: INSTANCES }, (_, i): LaneKind => {
    const instance = i + 1
    return {
      name: `instance ${instance}`,
      weights: { kill: 3, stop: 3, close: 2, wipe: 1, truncate: 1, flip: 1 },
      pauseMs: [12_000, 30_000],
      lastMs: 12_000,
      make(kind, at, random) {
        if (kind === 'stop') {
          return { kind, at, instance, ms: random.between(SESSION_MS + 1000, SESSION_MS + 8000) }
        }
        if (kind === 'wipe' || kind === 'truncate' || kind === 'flip') {
          const by = random.pick(['SIGKILL', 'SIGTERM'] as const)
          return { kind, at, instance, ms: random.below(3000), by, seed: random.below(2 ** 31) }
        }
        return { kind: kind === 'close' ? kind : 'kill', at, instance, ms: random.below(4000) }
      },
    }
  }),
  {
    name: 'network',
    weights: { cut: 1, stall: 2 },
    pauseMs: [6000, 20_000],
    lastMs: 10_000,
    make(kind, at, random) {
      const one = random.between(1, INSTANCES)
      if (kind === 'cut') return { kind, at, ms: 0, instances: random.chance(0.3) ? numbers(INSTANCES) : [one] }
      const brokers = random.chance(0.3) ? [random.between(1, BROKERS)] : numbers(BROKERS)
      // half of them longer than a session
      const [from, to] = random.chance(0.5) ? [2000, SESSION_MS - 2000] : [SESSION_MS + 1000, SESSION_MS + 8000]
      return { kind: 'stall', at, instance: one, brokers, ms: random.between(from!, to!) }
    },
  },
  {
    name: 'brokers',
    weights: { broker: 3, outage: 1 },
    pauseMs: [18_000, 35_000],
    lastMs: 20_000,
    make(kind, at, random) {
      if (kind === 'outage') return { kind, at, ms: random.between(1000, 8000) }
      const by = random.weighted<Ending>([
        ['SIGKILL', 2],
        ['SIGTERM', 1],
      ])
      return { kind: 'broker', at, broker: random.between(1, BROKERS), by, ms: random.between(2000, 12_000) }
    },
  },
  {
    name: 'topic',
    weights: { topic: 1 },
    pauseMs: [25_000, 50_000],
    lastMs: 25_000,
    make: (_kind, at, random) => ({ kind: 'topic', at, ms: random.between(1000, 6000) }),
  },
]

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

const s = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

/** One fault on a line, as `--plan` shows it. */
export const describeFault = (fault: Fault): string => {
  switch (fault.kind) {
    case 'kill':
    case 'stop':
    case 'close':
      return `${fault.kind} instance ${fault.instance} for ${s(fault.ms)}`
    case 'wipe':
    case 'truncate':
    case 'flip':
      return `${fault.kind} state of instance ${fault.instance} after ${fault.by}, away for ${s(fault.ms)}`
    case 'cut':
      return `cut connections of instance ${fault.instances.join(', ')}`
    case 'stall':
      return `stall instance ${fault.instance} from broker ${fault.brokers.join(', ')} for ${s(fault.ms)}`
    case 'broker':
      return `broker ${fault.broker} away after ${fault.by} for ${s(fault.ms)}`
    case 'outage':
      return `all brokers away for ${s(fault.ms)}`
    case 'topic':
      return `delete the topic of events, create it again after ${s(fault.ms)}`
  }
}
