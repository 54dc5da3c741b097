import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedKafka } from '../../../lib/embedded'
import { connect, type KafkaConnection } from '../../../lib/kafka/client'
import { silentLogger } from '../../../lib/observe/logger'
import { runMillrace } from '../millrace'
import type { Program } from '../program'
import { Application } from './application'
import type { Deployment } from './deployment'
import { type Outcome, outcomeOf } from './outcome'

/** In the test driver, where one task does it all. */
export const runInOneTask = async (program: Program): Promise<Outcome> => {
  const { restartAt: _, ...withoutRestart } = program
  const { records, refused, failed } = await runMillrace(withoutRestart)
  if (refused !== undefined || failed !== undefined) throw new Error(refused ?? failed?.message)
  return outcomeOf(program, (topic) => (records?.[topic] ?? []).map(([, key, value]) => [key, value]))
}

/** In instances of an application, with a task for each partition; on an embedded Kafka, if none is given. */
export const runInManyTasks = async (
  program: Program,
  deployment: Deployment,
  given?: KafkaConnection,
): Promise<Outcome> => {
  const kafka = given ?? new EmbeddedKafka()
  const client = connect(kafka, { clientId: 'many-tasks', logger: silentLogger })
  const folder = mkdtempSync(join(tmpdir(), 'many-tasks-'))
  const application = new Application({ program, deployment, kafka, client, id: basename(folder) })
  try {
    await application.createTopics()
    const restartAt = program.restartAt ?? program.inputs.length
    for (const [i, inputs] of [program.inputs.slice(0, restartAt), program.inputs.slice(restartAt)].entries()) {
      if (inputs.length === 0) continue
      await application.produce(inputs)
      const stateDir = join(folder, deployment.keepsState ? '' : `${i}`)
      await Promise.race([application.failed, workOff(application, deployment.instances[i]!, deployment, stateDir)])
    }
    const written = await application.written()
    return outcomeOf(program, (topic) => written.get(topic)!)
  } finally {
    await application.close()
    await client.close()
    if (kafka instanceof EmbeddedKafka) await kafka.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const workOff = async (
  application: Application,
  instances: number,
  { replacements }: Deployment,
  stateDir: string,
): Promise<void> => {
  let added = 0
  const add = (): void => application.addInstance(join(stateDir, `${added++}`))
  while (added < instances) add()
  for (const delay of replacements) {
    await sleep(delay)
    add()
    await application.closeOldestInstance()
  }
  await application.untilWorkedOff()
  await application.closeInstances()
}
