import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Admin } from '../../kafka/port'
import type { TopicPartition } from '../../record/topic-partition'
import type * as StateDirectoryModule from '../../state/state-directory'
import { CHANGE_OPTIONS, hintAtExecute, isExecuted } from '../changes'
import { defineCommand } from '../command'
import { internalTopics } from '../groups/internal-topics'
import { requireStopped } from '../groups/live-members'
import { noSuchGroup } from '../groups/lag'
import {
  type OffsetChange,
  offsetChanges,
  type OffsetTarget,
  offsetTarget,
  TARGET_OPTIONS,
} from '../groups/offset-target'
import { partitionOf, partitionsOf } from '../groups/partitions'
import { KAFKA_OPTIONS, withKafka } from '../kafka'
import { textTable } from '../text-table'
import { UsageError } from '../usage-error'

interface ResetPlan {
  readonly offsets: readonly OffsetChange[]
  readonly deletedTopics: readonly string[]
  /** Partitions of these topics that the group has offsets in. */
  readonly internalOffsets: readonly TopicPartition[]
  /** Not deleted: they look like those of another application. */
  readonly keptTopics: readonly string[]
}

export const reset = defineCommand({
  name: 'reset',
  summary: 'Start an application over: reset its offsets, delete its internal topics and local state',
  details: `
What kafka-streams-application-reset.sh does. All instances must be stopped. Output topics stay as they are: what is
computed again is written to them again. Local state must be deleted on every machine: give --state-dir there, or let
the application call streams.cleanUp() before it starts.`,
  options: {
    'application-id': { type: 'string', required: true, value: 'id', help: 'the application' },
    'input-topics': {
      type: 'string',
      multiple: 'list',
      value: 'topic,…',
      help: 'to read again; default: all that it has offsets in',
    },
    'internal-topics': {
      type: 'string',
      multiple: 'list',
      value: 'topic,…',
      help: 'to delete; default: all whose names show that they are its own',
    },
    'state-dir': { type: 'string', value: 'folder', help: "also remove the local state; the application's stateDir" },
    ...TARGET_OPTIONS,
    ...CHANGE_OPTIONS,
    ...KAFKA_OPTIONS,
  },
  examples: [
    'reset --application-id orders-app',
    'reset --application-id orders-app --to-datetime 2026-01-31T00:00:00Z --state-dir /var/lib/orders --execute',
  ],
  async run(invocation) {
    const { options, io, print } = invocation
    const applicationId = options['application-id']
    const execute = isExecuted(options)
    const target = offsetTarget(options, io.now()) ?? { to: 'earliest' }
    const stateDir = options['state-dir'] === undefined ? undefined : resolve(io.cwd, options['state-dir'])
    if (stateDir !== undefined && !existsSync(join(stateDir, applicationId))) {
      throw new UsageError(
        `there is no state of '${applicationId}' in ${stateDir}: --state-dir is the stateDir of its config`,
      )
    }
    await withKafka(invocation, async (admin) => {
      await requireStopped(admin, applicationId)
      const plan = await planOf(admin, applicationId, target, options['input-topics'], options['internal-topics'])
      if (execute) {
        // half a reset would count twice: it ends when all of it is done
        io.interruption()
        // local state first: it is what may refuse, while an instance runs on it
        if (stateDir !== undefined) await stateDirectory().cleanUp({ applicationId, stateDir })
        const offsets = plan.offsets.map(({ to, ...at }) => ({ ...at, offset: to, metadata: '' }))
        await admin.alterGroupOffsets(applicationId, offsets)
        // the broker forgets offsets in deleted topics by and by: a new topic of the same name must not meet the old ones
        await admin.deleteGroupOffsets(applicationId, plan.internalOffsets)
        await admin.deleteTopics(plan.deletedTopics)
      }
      const { offsets, deletedTopics, keptTopics } = plan
      const report = {
        applicationId,
        executed: execute,
        offsets,
        deletedTopics,
        keptTopics,
        stateDir: stateDir ?? null,
      }
      print(report, () => textOf(plan, execute, stateDir && join(stateDir, applicationId)))
      if (!execute) hintAtExecute(invocation)
    })
  },
})

const planOf = async (
  admin: Admin,
  applicationId: string,
  target: OffsetTarget,
  inputs: readonly string[],
  chosenInternal: readonly string[],
): Promise<ResetPlan> => {
  const [topics, groups, committed] = await Promise.all([
    admin.listTopics(),
    admin.listGroups(),
    admin.groupOffsets(applicationId),
  ])
  const { internal, ofOthers } = internalTopics(
    applicationId,
    topics,
    groups.map(({ groupId }) => groupId),
  )
  const own = new Set([...internal, ...ofOthers])
  const strange = chosenInternal.filter((topic) => !own.has(topic))
  if (strange.length > 0) throw new UsageError(`${strange.join(', ')}: no internal topic of '${applicationId}'`)
  if (committed.size === 0 && internal.length === 0 && inputs.length === 0)
    throw await noSuchGroup(admin, applicationId)
  const absent = inputs.filter((topic) => !topics.includes(topic))
  if (absent.length > 0) throw new UsageError(`there is no topic ${absent.join(', ')}`)
  const read = new Set([...committed.keys()].map((key) => partitionOf(key).topic))
  for (const topic of own) read.delete(topic)
  const { partitions } = await partitionsOf(admin, inputs.length > 0 ? inputs : read)
  const deletedTopics = chosenInternal.length > 0 ? chosenInternal : internal
  return {
    offsets: await offsetChanges(admin, partitions, committed, target),
    deletedTopics,
    internalOffsets: [...committed.keys()].map(partitionOf).filter(({ topic }) => deletedTopics.includes(topic)),
    keptTopics: [...own].filter((topic) => !deletedTopics.includes(topic)),
  }
}

const textOf = (plan: ResetPlan, execute: boolean, stateDir: string | undefined): string => {
  const rows = plan.offsets.map(({ topic, partition, from, to }) => [topic, partition, from, to])
  const lines = [textTable(['INPUT TOPIC', 'PARTITION', 'FROM', 'TO'], rows)]
  if (plan.deletedTopics.length > 0)
    lines.push(listOf(`Internal topics ${execute ? '' : 'to be '}deleted`, plan.deletedTopics))
  if (plan.keptTopics.length > 0)
    lines.push(listOf('Topics that stay, as they may be of another application', plan.keptTopics))
  if (stateDir !== undefined) lines.push(listOf(`Local state ${execute ? '' : 'to be '}removed`, [stateDir]))
  return lines.join('\n')
}

const listOf = (title: string, items: readonly string[]): string =>
  `${title}:\n${items.map((item) => `  ${item}\n`).join('')}`

// eslint-disable-next-line @typescript-eslint/no-require-imports -- LevelDB, for --state-dir only
const stateDirectory = () => (require('../../state/state-directory') as typeof StateDirectoryModule).StateDirectory
