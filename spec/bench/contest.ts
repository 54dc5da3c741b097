import type { Arena } from './arena'
import type { Contestant } from './contestants'
import { type Digest, digestOfTable } from './output'
import { drain, drainedOutput } from './runs/drain'
import { paced } from './runs/paced'
import { type Measured, type Turn, TurnProcesses } from './runs/run'
import { restore, warmStart } from './runs/start'
import { anotherRound, isDisturbed } from './statistics'
import { createTopics, deleteTopics, fillTopic } from './topics'
import { DEFAULT_PARTITIONS, type Settings, settingsOf, type Workload } from './workload'

export interface ContestOptions {
  readonly records: number
  readonly rounds: number
  /** How many more rounds may be run in place of disturbed ones. */
  readonly extraRounds: number
  readonly guarantee?: Settings['guarantee']
  /** Quix Streams takes part where it can. */
  readonly quix?: boolean
}

/** Each contestant's turn, one after the other. */
export interface Round {
  readonly turns: ReadonlyMap<Contestant, Measured>
  readonly disturbed: boolean
}

export interface Watcher {
  turn(round: number, contestant: Contestant, measured: Measured): void
  round(round: number, disturbed: boolean): void
  /** A contestant hasn't written what it should have: its figures are those of other work. */
  wrongResults(contestant: Contestant, difference: string): void
  /** What a contestant has said beside what the run asks for. */
  remarks(contestant: Contestant, lines: readonly string[]): void
}

/**
 * Contestants take turns on the same topics, so that a machine that slows down slows them all. In the first round, their
 * results are compared: measuring different work would be worth nothing.
 */
export const contest = async (
  arena: Arena,
  workload: Workload,
  options: ContestOptions,
  watcher: Watcher,
): Promise<Round[]> => {
  const { records } = options
  const prefix = `bench-${workload.name}-${Date.now()}`
  const partitions = workload.partitions ?? DEFAULT_PARTITIONS
  const shared = workload.run.kind !== 'paced'
  const rounds: Round[] = []
  try {
    register(arena, workload, prefix)
    if (shared) await createInputs(arena, workload, prefix, records, { fill: true })
    while (anotherRound(rounds, options.rounds, options.extraRounds)) {
      const number = rounds.length + 1
      const turns = new Map<Contestant, Measured>()
      const digests = new Map<Contestant, Digest>()
      const contestants = contestantsOf(workload, options)
      // restored is the changelog that the run's name says
      const restoring = workload.run.kind === 'restore' || workload.run.kind === 'warm-start'
      const idOf = (contestant: Contestant): string => (restoring ? prefix : `${prefix}-${contestant}-${number}`)
      for (const contestant of contestants) {
        const applicationId = idOf(contestant)
        const turn: Turn = {
          workload,
          contestant,
          records,
          partitions,
          settings: settingsOf(workload, options.guarantee),
          applicationId,
          inputPrefix: shared ? prefix : applicationId,
          ...(contestant === 'ceiling' && { ceilingOf: idOf('millrace') }),
        }
        if (!shared) await createInputs(arena, workload, applicationId, records, { fill: false })
        if (!restoring && !repeatsTraffic(turn)) await createOutputs(arena, turn)
        const { measured, digest } = await takeTurn(arena, turn, number === 1, watcher)
        turns.set(contestant, measured)
        if (digest !== undefined) digests.set(contestant, digest)
        watcher.turn(number, contestant, measured)
        if (restoring || (contestant === 'millrace' && contestants.includes('ceiling'))) continue
        await deleteTopics(arena.admin, `${applicationId}-`)
        if (contestant === 'ceiling') await deleteTopics(arena.admin, `${idOf('millrace')}-`)
      }
      if (digests.size > 0) compareResults(workload, records, digests, watcher)
      rounds.push({ turns, disturbed: isDisturbed([...turns.values()].map(({ usage }) => usage)) })
      watcher.round(number, rounds.at(-1)!.disturbed)
    }
  } finally {
    await deleteTopics(arena.admin, `${prefix}-`)
  }
  return rounds
}

/** The ceiling's turn is after that of millrace, whose topics it needs. */
const contestantsOf = (workload: Workload, options: ContestOptions): Contestant[] => [
  'java',
  'millrace',
  ...(hasCeiling(workload, options) ? (['ceiling'] as const) : []),
  ...(workload.quix === undefined || options.quix !== true ? [] : (['quix'] as const)),
]

/** There is a program in `ceilings/` for it. Exactly-once, the commit decides when a result can be read, and not the client. */
const hasCeiling = (workload: Workload, { guarantee: wanted }: ContestOptions): boolean => {
  const { guarantee, processes } = settingsOf(workload, wanted)
  switch (workload.run.kind) {
    case 'drain':
    case 'restore':
      return processes === 1
    case 'warm-start':
      return false
    case 'paced':
      return workload.run.until === 'answered' && guarantee === 'at_least_once'
  }
}

/** It creates the topics that it writes by those of the application that it follows. */
const repeatsTraffic = ({ contestant, workload }: Turn): boolean =>
  contestant === 'ceiling' && workload.run.kind === 'drain'

const register = ({ registry }: Arena, { schemas = {} }: Workload, prefix: string): void => {
  for (const [topic, schema] of Object.entries(schemas)) registry.add(`${prefix}-${topic}-value`, schema)
}

const createInputs = async (
  { admin, client }: Arena,
  workload: Workload,
  prefix: string,
  records: number,
  { fill }: { readonly fill: boolean },
): Promise<void> => {
  const inputs = workload.inputs(records).map(({ name, partitions, configs, records }) => {
    const topic = `${prefix}-${name}`
    return { topic, partitions: partitions ?? workload.partitions ?? DEFAULT_PARTITIONS, configs, records }
  })
  await createTopics(
    admin,
    inputs.map(({ topic, partitions, configs = {} }) => ({ topic, partitions, configs })),
  )
  if (!fill) return
  for (const input of inputs) await fillTopic(client, input, input.records())
}

const createOutputs = ({ admin }: Arena, { workload, applicationId, partitions }: Turn): Promise<void> =>
  createTopics(
    admin,
    (workload.outputs ?? ['out']).map((name) => ({ topic: `${applicationId}-${name}`, partitions })),
  )

const takeTurn = async (
  arena: Arena,
  turn: Turn,
  compare: boolean,
  watcher: Watcher,
): Promise<{ measured: Measured; digest: Digest | undefined }> => {
  const processes = new TurnProcesses(arena, turn)
  try {
    const measured = await run(arena, turn, processes)
    const digest = compare ? await drainedOutput(arena, turn, processes) : undefined
    await processes.stop()
    watcher.remarks(turn.contestant, processes.remarks)
    return { measured, digest }
  } finally {
    await processes.dispose()
  }
}

const run = (arena: Arena, turn: Turn, processes: TurnProcesses): Promise<Measured> => {
  switch (turn.workload.run.kind) {
    case 'drain':
      return drain(arena, turn, processes)
    case 'restore':
      return restore(arena, turn, processes)
    case 'warm-start':
      return warmStart(arena, turn, processes)
    case 'paced':
      return paced(arena, turn, processes)
  }
}

const compareResults = (
  { name, compared, expected }: Workload,
  records: number,
  digests: ReadonlyMap<Contestant, Digest>,
  watcher: Watcher,
): void => {
  const right = expected === undefined ? digests.get('java')! : digestOfTable(expected(records))
  const source = expected === undefined ? "Java's results are" : 'the input gives'
  const unit = compared === 'table' ? 'keys' : 'records'
  const shown = ({ records, sum }: Digest): string => `${records} ${unit} (sum ${sum})`
  for (const [contestant, digest] of digests) {
    if (digest.records === right.records && digest.sum === right.sum) continue
    const difference = `${source} ${shown(right)}, those of ${contestant} are ${shown(digest)}`
    if (contestant !== 'java') throw new Error(`${name}: ${difference}: this compares different work`)
    watcher.wrongResults(contestant, difference)
  }
}
