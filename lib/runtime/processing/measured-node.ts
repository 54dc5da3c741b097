import type { NodeSensor, TaskSensors } from '../../observe/metrics/task-sensors'
import type { StreamRecord } from '../../record/stream-record'
import type { Serde } from '../../serdes/serde'
import type { TopicNameExtractor } from '../../topology/definition'
import type { Child } from './child'

/** In front of a processor where something is measured about it: what is not measured pays nothing. */
class MeasuredNode implements Child {
  readonly name: string

  constructor(
    private readonly node: Child,
    private readonly sensor: NodeSensor,
  ) {
    this.name = node.name
  }

  readsValues(writtenBy?: Serde<unknown>): boolean {
    return this.node.readsValues(writtenBy)
  }

  get forwardsValuesTo(): readonly Child[] {
    return this.node.forwardsValuesTo
  }

  process(record: StreamRecord<unknown, unknown>): void {
    this.sensor.took(record.timestamp)
    this.node.process(record)
  }
}

/** `isLast`: it forwards to no other node. */
export const measured = (node: Child, sensors: TaskSensors | undefined, isLast: boolean): Child => {
  const sensor = sensors?.node(node.name, isLast)
  return sensor === undefined ? node : new MeasuredNode(node, sensor)
}

/** Counts the records for each topic that a sink chooses. */
export const measuredExtractor = (
  sink: string,
  choose: TopicNameExtractor<unknown, unknown>,
  sensors: TaskSensors | undefined,
): TopicNameExtractor<unknown, unknown> => {
  if (sensors === undefined) return choose
  return (key, value, context) => {
    const topic = choose(key, value, context)
    sensors.chose(sink, topic)
    return topic
  }
}
