import type { Arena } from '../arena'
import { measureUsage } from '../process-stats'
import type { Measured, Turn, TurnProcesses } from './run'

/** From the first record that is restored to the last one. */
export const restore = async (arena: Arena, turn: Turn, processes: TurnProcesses): Promise<Measured> => {
  const endUsage = measureUsage(processes.pids, arena.brokerPid)
  await processes.start()
  return { seconds: await restoredSeconds(turn, processes), usage: endUsage() }
}

/** From the start of the process to RUNNING, with the state of a run that ended properly. */
export const warmStart = async (arena: Arena, turn: Turn, processes: TurnProcesses): Promise<Measured> => {
  await processes.start()
  await restoredSeconds(turn, processes)
  await processes.stop()
  const endUsage = measureUsage(processes.pids, arena.brokerPid)
  const begin = performance.now()
  const end = await processes.start()
  const usage = endUsage()
  if (processes.programs[0]!.output.includes('RESTORED')) throw new Error(`${turn.contestant} had lost its state`)
  return { seconds: (end - begin) / 1000, usage }
}

/** Fails where it was not every record: less work is no faster. */
const restoredSeconds = async ({ contestant, records }: Turn, processes: TurnProcesses): Promise<number> => {
  const [, restored, seconds] = await processes.programs[0]!.untilOutput(/^RESTORED (\d+) in (.*)$/m)
  if (Number(restored) !== records) throw new Error(`${contestant} restored ${restored} of ${records} records`)
  return Number(seconds)
}
