import { StreamsError } from '../../errors'
import { UsageError } from '../usage-error'
import type { StateFolder } from './state-folder'

/** The tasks that have a store, of which there has to be one. */
export const tasksWith = async (
  folder: StateFolder,
  { store, task }: { readonly store: string; readonly task: string | undefined },
): Promise<string[]> => {
  if (task !== undefined && !folder.taskIds.includes(task)) {
    throw new UsageError(`there is no task ${task} in ${folder.path}, but ${folder.taskIds.join(', ')}`)
  }
  const having: string[] = []
  const known = new Set<string>()
  for (const taskId of task === undefined ? folder.taskIds : [task]) {
    const names = await folder.inspect(taskId, async ({ stores }) => stores.map(({ name }) => name))
    for (const name of names) known.add(name)
    if (names.includes(store)) having.push(taskId)
  }
  if (having.length > 0) return having
  const stores = [...known].sort().join(', ') || 'none'
  throw new StreamsError('UNKNOWN_STORE', `there is no store '${store}' in ${folder.path}, but ${stores}`)
}
