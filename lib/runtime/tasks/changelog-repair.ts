import type { Logger } from '../../observe/logger'
import { byteString, bytesOf } from '../../bytes/byte-string'
import type { RecordCollector } from '../output/record-collector'
import type { TaskStores } from './task-stores'

/**
 * Logs again what the stores have of keys whose last write in a changelog is stale: compaction keeps only that one, and a Java
 * application would restore it. The stores are open, and nothing uses them yet. False: there is no such key.
 */
export const relogStaleKeys = async (
  stores: TaskStores,
  collector: RecordCollector,
  logger: Logger,
): Promise<boolean> => {
  const places: string[] = []
  let records = 0
  for (const { store, changelog, fromSource } of stores.stores) {
    if (!changelog || fromSource) continue
    const epoch = stores.epochs.of(changelog)!
    const { stale } = epoch
    if (stale === undefined || stale.keys.size === 0) continue
    const { topic, partition } = changelog
    places.push(`${topic}-${partition} from offset ${stale.firstOffset} to ${stale.lastOffset}`)
    records += stale.records
    const absent = new Set(stale.keys)
    for await (const { key, value, timestamp, headers } of store.changelogRecords()) {
      const text = byteString(key)
      if (!stale.keys.has(text)) continue
      absent.delete(text)
      stores.context.logChange(topic, key, value, timestamp < 0 ? null : timestamp, headers?.())
      if (!collector.writable) await collector.drained()
    }
    for (const text of absent) stores.context.logChange(topic, bytesOf(text), null, null)
    epoch.repaired()
  }
  if (places.length === 0) return false
  logger.warn(
    { taskId: stores.id, records, changelogs: places.join('; ') },
    `task ${stores.id} ignores ${records} writes of an earlier owner that arrived after those of a later one (changelog ` +
      `${places.join('; ')}), and logs the right values again: an instance was stalled for longer than its session`,
  )
  return true
}
