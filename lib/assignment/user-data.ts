import { StreamsError } from '../errors'
import { type HostInfo, hostText, parseHostInfo } from '../host-info'
import { ByteReader, ByteWriter } from './bytes'
import { type ClusterHosts, NO_HOSTS, readClusterHosts, writeClusterHosts } from './cluster-hosts'
import { type TaskId, parseTaskId, taskId } from '../record/task-id'

/**
 * What a member tells the leader in its JoinGroup. Later versions append fields: a reader skips what it does not know,
 * and refuses only data whose `oldestReader` is above its own version.
 */
export interface SubscriptionInfo {
  /** Stable across restarts: kept in the state directory. */
  readonly processId: string
  /** The group generation in which `ownedTasks` were held; of two claims to a task the newer one wins. */
  readonly generation: number
  readonly ownedTasks: readonly TaskId[]
  /** How up to date the state of a task is here, open or on disk: the sum of its stores' changelog offsets. */
  readonly offsetSums: ReadonlyMap<TaskId, number>
  /** The fingerprint of its topology: members with another one can't share tasks. */
  readonly topology: string
  /** Where it answers queries: its `applicationServer`, if it has one. */
  readonly host?: HostInfo | undefined
}

export type AssignmentErrorCode = 'none' | 'missing-source-topics' | 'failed'

/** What the leader gives a member besides its partitions. */
export interface AssignmentInfo {
  readonly activeTasks: readonly TaskId[]
  /** Tasks are withheld until other members have given them up: another rebalance follows. */
  readonly followUp: boolean
  readonly error: AssignmentErrorCode
  /** For `failed`: the `StreamsError` code and message that every member ends with. */
  readonly errorCode: string
  readonly errorMessage: string
  readonly missingTopics: readonly string[]
  readonly hosts: ClusterHosts
}

const USER_DATA_VERSION = 3
const OLDEST_READER = 2
/** The first version with hosts. */
const HOSTS = 3
const ERRORS: readonly AssignmentErrorCode[] = ['none', 'missing-source-topics', 'failed']

const writeTasks = (writer: ByteWriter, tasks: readonly TaskId[]): void => {
  writer.uint32(tasks.length)
  for (const task of tasks) writeTask(writer, task)
}

const writeTask = (writer: ByteWriter, task: TaskId): void => {
  const { subTopology, partition } = parseTaskId(task)
  writer.uint32(subTopology)
  writer.uint32(partition)
}

const readTask = (reader: ByteReader): TaskId => taskId(reader.uint32(), reader.uint32())
const readTasks = (reader: ByteReader): TaskId[] => reader.list(readTask)

/** The version. */
const readHeader = (reader: ByteReader): number => {
  const version = reader.uint16()
  const oldestReader = reader.uint16()
  if (oldestReader > USER_DATA_VERSION) {
    throw new StreamsError(
      'INCOMPATIBLE_INSTANCES',
      `the group has a member whose assignment data of version ${version} needs a reader of version ${oldestReader}, ` +
        `this one reads ${USER_DATA_VERSION}: update millrace in this instance`,
    )
  }
  return version
}

export const encodeSubscription = (info: SubscriptionInfo): Buffer => {
  const writer = new ByteWriter()
  writer.uint16(USER_DATA_VERSION)
  writer.uint16(OLDEST_READER)
  writer.string(info.processId)
  writer.int32(info.generation)
  writeTasks(writer, info.ownedTasks)
  writer.uint32(info.offsetSums.size)
  for (const [task, sum] of info.offsetSums) {
    writeTask(writer, task)
    writer.float64(sum)
  }
  writer.string(info.topology)
  writer.string(info.host === undefined ? '' : hostText(info.host))
  return writer.finish()
}

export const decodeSubscription = (bytes: Buffer): SubscriptionInfo => {
  const reader = new ByteReader(bytes)
  const version = readHeader(reader)
  return {
    processId: reader.string(),
    generation: reader.int32(),
    ownedTasks: readTasks(reader),
    offsetSums: new Map(reader.list((r) => [readTask(r), r.float64()] as const)),
    topology: reader.string(),
    host: version < HOSTS ? undefined : parseHostInfo(reader.string()),
  }
}

export const encodeAssignment = (info: AssignmentInfo): Buffer => {
  const writer = new ByteWriter()
  writer.uint16(USER_DATA_VERSION)
  writer.uint16(OLDEST_READER)
  writeTasks(writer, info.activeTasks)
  writer.uint16(info.followUp ? 1 : 0)
  writer.uint16(ERRORS.indexOf(info.error))
  writer.string(info.errorCode)
  writer.string(info.errorMessage)
  writer.uint32(info.missingTopics.length)
  for (const topic of info.missingTopics) writer.string(topic)
  writeClusterHosts(writer, info.hosts)
  return writer.finish()
}

export const decodeAssignment = (bytes: Buffer): AssignmentInfo => {
  const reader = new ByteReader(bytes)
  const version = readHeader(reader)
  return {
    activeTasks: readTasks(reader),
    followUp: reader.uint16() === 1,
    error: ERRORS[reader.uint16()] ?? 'failed',
    errorCode: reader.string(),
    errorMessage: reader.string(),
    missingTopics: reader.list((r) => r.string()),
    hosts: version < HOSTS ? NO_HOSTS : readClusterHosts(reader),
  }
}
