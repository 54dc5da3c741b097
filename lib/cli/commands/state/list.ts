import { defineCommand } from '../../command'
import { withStateFolder } from '../../local-state/state-folder'
import { type Cell, textTable } from '../../text-table'

interface StoreReport {
  readonly name: string
  /** Estimated, or counted with `--count`. */
  readonly entries: number
  /** Of keys and values; only with `--count`. */
  readonly bytes?: number
}

interface TaskReport {
  readonly task: string
  /** Of the files. */
  readonly bytes: number
  readonly stores: readonly StoreReport[]
  /** By `<topic>-<partition>`: of the last record that the state contains. */
  readonly offsets: Readonly<Record<string, number>>
}

export const list = defineCommand({
  name: 'state list',
  summary: 'Show what local state a folder has: tasks, stores, entries, sizes and changelog offsets',
  details: `
Of the default engine, LevelDB, while no application runs on the folder. Nothing in it is changed. \`millrace state <folder>\`
is short for it. Entries are those that are stored: a window store keeps several windows in one. The offsets are those of
the last records that the state contains.`,
  arguments: [{ name: 'folder', help: '<stateDir>/<applicationId>, or the folder of one task in it' }],
  options: {
    count: { type: 'boolean', help: 'count entries and bytes by reading everything; else entries are estimates' },
  },
  examples: ['state list /var/lib/orders/orders-app', 'state list /var/lib/orders/orders-app/0_1 --count'],
  async run({ args, options, io, print }) {
    await withStateFolder(args[0]!, io.cwd, async ({ path, taskIds, sizeOf, inspect }) => {
      const tasks: TaskReport[] = []
      for (const task of taskIds) {
        const bytes = await sizeOf(task)
        await inspect(task, async (database) => {
          const stores: StoreReport[] = []
          for (const store of database.stores) {
            stores.push(options.count ? await counted(store.name, database.scan(store.name)) : store)
          }
          tasks.push({ task, bytes, stores, offsets: offsetsOf(database.offsets) })
        })
      }
      print({ folder: path, tasks }, () => textOf(path, tasks, options.count))
    })
  },
})

/** Without what else is kept about a partition. */
const offsetsOf = (numbers: ReadonlyMap<string, number>): Record<string, number> =>
  Object.fromEntries([...numbers].filter(([partition]) => !partition.includes('#')))

const counted = async (name: string, entries: AsyncIterable<[Buffer, Buffer]>): Promise<StoreReport> => {
  let [count, bytes] = [0, 0]
  for await (const [key, value] of entries) {
    count++
    bytes += key.length + value.length
  }
  return { name, entries: count, bytes }
}

const textOf = (path: string, tasks: readonly TaskReport[], count: boolean): string => {
  const stores = tasks.flatMap(({ task, stores }) =>
    stores.map(({ name, entries, bytes }): Cell[] => [task, name, entries, bytes]),
  )
  const offsets = tasks.flatMap(({ task, offsets }) =>
    Object.entries(offsets).map(([partition, offset]): Cell[] => [task, partition, offset]),
  )
  return [
    `${path}\n`,
    textTable(
      ['TASK', 'STORES', 'BYTES ON DISK'],
      tasks.map(({ task, bytes, stores }) => [task, stores.length, bytes]),
    ),
    textTable(['TASK', 'STORE', count ? 'ENTRIES' : '~ENTRIES', ...(count ? ['BYTES'] : [])], stores),
    textTable(['TASK', 'TOPIC PARTITION', 'LAST OFFSET'], offsets),
  ].join('\n')
}
