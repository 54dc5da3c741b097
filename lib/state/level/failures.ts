import { StreamsError } from '../../errors'
import { isDamage, levelErrorCode, levelErrorReason } from './level-database'

interface Where {
  readonly taskId: string
  readonly directory: string
}

/** What a read or a commit throws. */
export const databaseFailure = (
  error: unknown,
  doing: string,
  { taskId, directory, store, closed }: Where & { readonly store?: string; readonly closed: boolean },
): Error => {
  if (error instanceof StreamsError) return error
  const where = store === undefined ? `task ${taskId}` : `store '${store}' of task ${taskId}`
  const reason = levelErrorReason(error)
  if (isDamage(error)) {
    return new StreamsError(
      'STATE_STORE_DAMAGED',
      `${doing} ${where} found the database in ${directory} damaged (${reason}). ` +
        'It is set aside when the task closes, and its stores are restored from their changelogs when it opens again.',
      { taskId, store },
      { cause: error },
    )
  }
  if (closed) {
    return new StreamsError(
      'STORE_NOT_AVAILABLE',
      `${doing} ${where}: it has been closed, as its task stopped or moved to another instance`,
      { taskId, store },
      { cause: error },
    )
  }
  return new StreamsError(
    'STATE_STORE_FAILED',
    `${doing} ${where} in ${directory} failed: ${reason}. Check the disk's free space and its permissions.`,
    { taskId, store },
    { cause: error },
  )
}

export const openFailure = (error: unknown, { directory, taskId }: Where): Error => {
  if (error instanceof StreamsError) return error
  if (levelErrorCode(error) === 'LEVEL_LOCKED') {
    return new StreamsError(
      'STATE_DIRECTORY_LOCKED',
      `the state of task ${taskId} in ${directory} is open elsewhere. ` +
        'Await the close of the task that has it, or give this instance a stateDir of its own.',
      { taskId },
      { cause: error },
    )
  }
  return new StreamsError(
    'STATE_STORE_FAILED',
    `the state of task ${taskId} in ${directory} can't be opened: ${levelErrorReason(error)}. ` +
      'Check that the folder is writable and the disk has space.',
    { taskId },
    { cause: error },
  )
}

export const writtenByNewer = (format: number, { directory, taskId }: Where): StreamsError =>
  new StreamsError(
    'STATE_STORE_FAILED',
    `the state of task ${taskId} in ${directory} has format ${format}, written by a newer version of millrace. ` +
      'Run that version, or remove the folder: stores are restored from their changelogs, those without one start empty.',
    { taskId },
  )

export const rebuildImpossible = (
  format: number,
  stores: readonly string[],
  { directory, taskId }: Where,
): StreamsError =>
  new StreamsError(
    'STATE_STORE_FAILED',
    `the state of task ${taskId} in ${directory} has format ${format}, of an earlier version of millrace, and can't be ` +
      `restored: ${stores.map((store) => `'${store}'`).join(', ')} ${stores.length > 1 ? 'have' : 'has'} no changelog. ` +
      'Run the earlier version, or remove the folder if these stores may start empty.',
    { taskId, store: stores[0] },
  )
