import { generateForTasks } from './generate'
import { deploymentOf } from './deployment'
import { runInManyTasks, runInOneTask } from './run'

/* `npm run differential -- --many-tasks` does it with any number of others. */

const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1)

test.each(SEEDS)('the random program of seed %d comes to the same in one task and in many', async (seed) => {
  const program = generateForTasks(seed)
  expect(await runInManyTasks(program, deploymentOf(program))).toEqual(await runInOneTask(program))
})
