import { defineCommand } from '../../command'
import { wholeNumber } from '../../groups/offset-target'
import { ENTRY_OPTIONS, entryCells, entryFormats, type EntryReport } from '../../local-state/entry-report'
import { tasksWith } from '../../local-state/tasks-with'
import { withStateFolder } from '../../local-state/state-folder'
import { textTable } from '../../text-table'

const DEFAULT_LIMIT = 100

export const scan = defineCommand({
  name: 'state scan',
  summary: 'Print the entries of a local store in the order of their bytes, while no application runs on it',
  details: `
Window, session and join stores have a layout of millrace's own: their keys and values are shown in hex. What a serde can't
read is shown in hex, too.`,
  arguments: [{ name: 'folder', help: '<stateDir>/<applicationId>, or the folder of one task in it' }],
  options: {
    ...ENTRY_OPTIONS,
    from: { type: 'string', value: 'key', help: 'the first key' },
    to: { type: 'string', value: 'key', help: 'the last key, inclusive' },
    limit: { type: 'string', value: 'n', help: `of each task; default: ${DEFAULT_LIMIT}` },
  },
  examples: ['state scan /var/lib/orders/orders-app --store counts --value-serde long --from a --to b'],
  async run({ args, options, io, json, print }) {
    const formats = entryFormats(options)
    const limit = options.limit === undefined ? DEFAULT_LIMIT : wholeNumber(options.limit, 'limit')
    const range = {
      ...(options.from === undefined ? {} : { from: formats.key.encode(options.from) }),
      ...(options.to === undefined ? {} : { to: formats.key.encode(options.to), toInclusive: true }),
    }
    await withStateFolder(args[0]!, io.cwd, async (folder) => {
      const found: EntryReport[] = []
      const cut: string[] = []
      for (const task of await tasksWith(folder, options)) {
        await folder.inspect(task, async (database) => {
          let count = 0
          for await (const [key, value] of database.scan(options.store, range)) {
            if (count++ === limit) return void cut.push(task)
            found.push(formats.report(task, key, value))
          }
        })
      }
      print(found, () => textTable(['TASK', 'KEY', 'VALUE', 'TIME'], found.map(entryCells)))
      if (cut.length > 0 && !json)
        io.err(`There are more in ${cut.join(', ')}: raise --limit (${limit}), or narrow the range.\n`)
    })
  },
})
