import { StreamsError } from '../../../errors'
import { defineCommand } from '../../command'
import { ENTRY_OPTIONS, entryCells, entryFormats, type EntryReport } from '../../local-state/entry-report'
import { tasksWith } from '../../local-state/tasks-with'
import { withStateFolder } from '../../local-state/state-folder'
import { textTable } from '../../text-table'

export const get = defineCommand({
  name: 'state get',
  summary: 'Read one key of a local key-value store, while no application runs on it',
  arguments: [{ name: 'folder', help: '<stateDir>/<applicationId>, or the folder of one task in it' }],
  options: {
    key: { type: 'string', required: true, value: 'key', help: 'the key, as --key-serde writes it' },
    ...ENTRY_OPTIONS,
  },
  examples: ['state get /var/lib/orders/orders-app --store counts --key apple --value-serde long'],
  async run({ args, options, io, print }) {
    const formats = entryFormats(options)
    const key = formats.key.encode(options.key)
    await withStateFolder(args[0]!, io.cwd, async (folder) => {
      const found: EntryReport[] = []
      for (const task of await tasksWith(folder, options)) {
        await folder.inspect(task, async (database) => {
          const value = database.get(options.store, key)
          if (value !== undefined) found.push(formats.report(task, key, value))
        })
      }
      if (found.length === 0) {
        throw new StreamsError(
          'INVALID_ARGUMENT',
          `store '${options.store}' in ${folder.path} has no key '${options.key}'`,
        )
      }
      print(found, () => textTable(['TASK', 'KEY', 'VALUE', 'TIME'], found.map(entryCells)))
    })
  },
})
