/** `<sub-topology>_<partition>`, such as `0_3`. */
export type TaskId = string

/** The two numbers in a task id. */
export interface TaskNumbers {
  readonly subTopology: number
  readonly partition: number
}

export const taskId = (subTopology: number, partition: number): TaskId => `${subTopology}_${partition}`

export const parseTaskId = (id: TaskId): TaskNumbers => {
  const at = id.indexOf('_')
  return { subTopology: Number(id.slice(0, at)), partition: Number(id.slice(at + 1)) }
}

/** By sub-topology, then by partition, both as numbers. */
export const compareTaskIds = (a: TaskId, b: TaskId): number => {
  const left = parseTaskId(a)
  const right = parseTaskId(b)
  return left.subTopology - right.subTopology || left.partition - right.partition
}
