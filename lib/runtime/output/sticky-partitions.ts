import type { Payload } from '../../kafka/port'

/** As with the Java producer, which fills a batch before it moves to another partition. */
const STICKY_BYTES = 16 * 1024
const RECORD_OVERHEAD = 16

/** Chooses partitions for records without a key: those of a topic stay on one partition for some bytes. */
export class StickyPartitions {
  private readonly topics = new Map<string, { partition: number; left: number }>()

  next(topic: string, partitions: number, value: Payload): number {
    let sticky = this.topics.get(topic)
    if (sticky === undefined || sticky.left <= 0) {
      sticky = { partition: Math.floor(Math.random() * partitions), left: STICKY_BYTES }
      this.topics.set(topic, sticky)
    }
    sticky.left -= (value?.length ?? 0) + RECORD_OVERHEAD
    return sticky.partition
  }
}
