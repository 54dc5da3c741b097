import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { StreamsError } from '../../errors'
import { PACKAGE_FOLDER } from '../../package-folders'
import { defineCommand } from '../command'
import { UsageError } from '../usage-error'

/** In `lib/`, beside the sources: nothing of it is compiled. */
const TEMPLATES = join(PACKAGE_FOLDER, 'lib/cli/templates/app')
const SUFFIX = '.template'

export const newApplication = defineCommand({
  name: 'new',
  summary: 'Make a new application: TypeScript, a test, a Dockerfile and a compose file, ready to run',
  arguments: [{ name: 'folder', help: 'the folder to make; it may exist if it is empty' }],
  options: {
    name: {
      type: 'string',
      value: 'name',
      help: "the name of the package and of the application; default: the folder's",
    },
  },
  examples: ['new my-app'],
  async run({ args, options, io, print }) {
    const folder = resolve(io.cwd, args[0]!)
    const name = options.name ?? basename(folder)
    if (!/^[a-z0-9][a-z0-9._-]{0,99}$/.test(name)) {
      throw new UsageError(
        `'${name}' is no name of an application: use a-z, 0-9, '.', '_' and '-', or give one with --name`,
      )
    }
    await requireEmpty(folder)
    const values = await valuesOf(name)
    const files: string[] = []
    for (const file of await templates()) {
      const target = join(folder, file.slice(0, -SUFFIX.length))
      await mkdir(dirname(target), { recursive: true })
      const text = await readFile(join(TEMPLATES, file), 'utf8')
      await writeFile(
        target,
        text.replace(/\{\{([^}]+)\}\}/g, (_, key: string) => values[key]!),
      )
      files.push(relative(folder, target))
    }
    const cd = relative(io.cwd, folder) || '.'
    print({ folder, name, files }, () =>
      [`Made ${name} in ${folder}. Next:\n`, `  cd ${cd}`, '  npm install', '  npm test', '  npm run dev\n'].join('\n'),
    )
  },
})

const requireEmpty = async (folder: string): Promise<void> => {
  try {
    const found = await readdir(folder)
    if (found.length > 0) throw new UsageError(`${folder} is not empty`)
  } catch (error) {
    if (error instanceof UsageError || (error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error instanceof UsageError ? error : new UsageError(`${folder}: ${(error as Error).message}`)
    }
  }
}

interface Manifest {
  readonly version: string
  readonly devDependencies: Readonly<Record<string, string>>
}

/** Versions are those that this version of millrace is tested with. */
const valuesOf = async (name: string): Promise<Readonly<Record<string, string>>> => {
  const manifest = await readFile(join(PACKAGE_FOLDER, 'package.json'), 'utf8')
  const { version, devDependencies } = JSON.parse(manifest) as Manifest
  return { ...devDependencies, millrace: `^${version}`, name }
}

const templates = async (): Promise<string[]> => {
  const entries = await readdir(TEMPLATES, { recursive: true, encoding: 'utf8' })
  const files = entries.filter((entry) => entry.endsWith(SUFFIX)).sort()
  if (files.length > 0) return files
  throw new StreamsError('ILLEGAL_STATE', `the templates are missing in ${TEMPLATES}: install millrace again`)
}
