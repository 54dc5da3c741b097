import { ExpiringStore } from '../../state/expiry/expiring-store'
import { type ReadListener, ReportedReads } from '../../state/expiry/reported-reads'
import type { KeyValueStore } from '../../state/store'
import type { SubTopology } from '../../topology/definition'
import type { TaskContext } from './task-context'

type Rows = KeyValueStore<unknown, unknown>

/** Shows nodes the stores whose rows expire without what is due. */
export const expiringStores = (
  subTopologies: readonly SubTopology[],
  task: TaskContext,
): ExpiringStore<unknown, unknown>[] =>
  subTopologies
    .flatMap((sub) => sub.stores)
    .flatMap(({ definition: { builder }, changelogTopic }) => {
      if (builder.expiry === undefined) return []
      const { index, ...expiry } = builder.expiry
      const store = new ExpiringStore({
        ...expiry,
        rows: task.stores.get(builder.name) as unknown as Rows,
        index: task.stores.get(index.name) as unknown as KeyValueStore<Buffer, Buffer>,
        topic: changelogTopic ?? `${task.applicationId}-${builder.name}-changelog`,
        task,
      })
      task.storeViews.set(builder.name, store)
      return [store]
    })

/** Tells the keeper of a store what other nodes read. */
export const reportReads = (store: string, keeper: ReadListener, task: TaskContext): void => {
  const rows = task.stores.get(store) as unknown as Rows
  task.storeViews.set(store, new ReportedReads(rows, keeper))
}
