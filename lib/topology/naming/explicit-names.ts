import { TopologyError } from '../../errors'
import type { Naming } from './naming'

/** @throws TopologyError UNNAMED_RESOURCES */
export function requireExplicitNames({ unnamed: { stores, repartitionTopics } }: Naming): void {
  const lists = [
    ...(stores.size > 0 ? [`stores, with their changelogs: ${[...stores].join(', ')}`] : []),
    ...(repartitionTopics.size > 0 ? [`repartition topics: ${[...repartitionTopics].join(', ')}`] : []),
  ]
  if (lists.length === 0) return
  throw new TopologyError(
    'UNNAMED_RESOURCES',
    `with ensureExplicitInternalResourceNaming, all that lasts needs a name of its own. Generated are the names of ${lists.join('; ')}. ` +
      "Give tables, aggregations and joins a store ({ store: '…' }), groupings, joins and repartition a name ({ name: '…' }), and " +
      "suppressions one in untilWindowCloses or untilTimeLimit (untilWindowCloses({ name: '…' }))",
  )
}
