/** Kafka Streams' task states. */
export type TaskState = 'CREATED' | 'RESTORING' | 'RUNNING' | 'SUSPENDED' | 'CLOSED'

/** Its names of the states that tasks have here. */
export const TASK_STATES = {
  opening: 'CREATED',
  restoring: 'RESTORING',
  running: 'RUNNING',
  suspended: 'SUSPENDED',
  closing: 'CLOSED',
} as const satisfies Readonly<Record<string, TaskState>>
