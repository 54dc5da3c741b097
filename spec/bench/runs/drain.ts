import { setTimeout as sleep } from 'node:timers/promises'
import type { Arena } from '../arena'
import { CLOSING_KEY, type Digest, digestOf } from '../output'
import { measureUsage } from '../process-stats'
import { untilCommitted } from '../progress'
import { halfwayAt, type Sample } from '../statistics'
import { fillTopic } from '../topics'
import type { Measured, Turn, TurnProcesses } from './run'

/** Longer than the interval at which joins look for records that stay without a match. */
const PAST_EMIT_INTERVAL_MS = 1500
const CEILING_MS = 600_000

/** As fast as it goes: from RUNNING until everything is committed. */
export const drain = async (arena: Arena, turn: Turn, processes: TurnProcesses): Promise<Measured> => {
  const begin = await processes.start()
  const endUsage = measureUsage(processes.pids, arena.brokerPid)
  const samples = await (turn.contestant === 'ceiling'
    ? ceilingSamples(processes, begin)
    : samplesOf(arena, turn, processes, begin))
  const usage = endUsage()
  const end = samples.at(-1)!.at
  return { seconds: (end - begin) / 1000, warmSeconds: (end - halfwayAt(samples)) / 1000, usage }
}

const samplesOf = (arena: Arena, turn: Turn, processes: TurnProcesses, begin: number): Promise<Sample[]> => {
  const { workload, records, applicationId, inputPrefix, settings } = turn
  const read = workload.inputs(records).filter(({ global }) => !global)
  const watched = {
    applicationId,
    inputs: read.map(({ name }) => `${inputPrefix}-${name}`),
    exactlyOnce: settings.guarantee === 'exactly_once',
    requireAlive: () => processes.requireAlive(),
  }
  return untilCommitted(arena.admin, watched, begin)
}

/** The bare client commits nothing: it says how far it is. */
const ceilingSamples = async (processes: TurnProcesses, begin: number): Promise<Sample[]> => {
  const [program] = processes.programs
  await program!.untilOutput(/^HALF$/m, CEILING_MS)
  const half = { at: performance.now(), done: 1 }
  await program!.untilOutput(/^DONE$/m, CEILING_MS)
  return [{ at: begin, done: 0 }, half, { at: performance.now(), done: 2 }]
}

/** What the run has written, with what only the passing of time completes. The processes are still running. */
export const drainedOutput = async (
  arena: Arena,
  turn: Turn,
  processes: TurnProcesses,
): Promise<Digest | undefined> => {
  const { workload, records, partitions, inputPrefix, applicationId } = turn
  if (workload.compared === undefined || turn.contestant === 'ceiling') return undefined
  if (workload.closingTimestamp !== undefined) {
    await sleep(PAST_EMIT_INTERVAL_MS)
    const timestamp = workload.closingTimestamp(records)
    for (const { name } of workload.inputs(records)) {
      const closing = Array.from({ length: partitions }, (_, partition) => {
        return { key: `${CLOSING_KEY}-${partition}`, value: '', timestamp, partition }
      })
      await fillTopic(arena.client, { topic: `${inputPrefix}-${name}`, partitions }, closing)
    }
    await samplesOf(arena, turn, processes, performance.now())
  }
  return digestOf(arena.client, `${applicationId}-out`, workload.compared)
}
