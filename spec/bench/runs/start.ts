import type { Arena } from '../arena'
import { measureUsage } from '../process-stats'
import type { Measured, TurnProcesses } from './run'

/** From the first record that is restored to the last one. */
export const restore = async (arena: Arena, processes: TurnProcesses): Promise<Measured> => {
  const endUsage = measureUsage(processes.pids, arena.brokerPid)
  await processes.start()
  return { seconds: await restoredSeconds(processes), usage: endUsage() }
}

/** From the start of the process to RUNNING, with the state of a run that ended properly. */
export const warmStart = async (arena: Arena, processes: TurnProcesses): Promise<Measured> => {
  await processes.start()
  await restoredSeconds(processes)
  await processes.stop()
  const endUsage = measureUsage(processes.pids, arena.brokerPid)
  const begin = performance.now()
  const end = await processes.start()
  return { seconds: (end - begin) / 1000, usage: endUsage() }
}

const restoredSeconds = async (processes: TurnProcesses): Promise<number> => {
  const [, seconds] = await processes.programs[0]!.untilOutput(/^RESTORED (.*)$/m)
  return Number(seconds)
}
