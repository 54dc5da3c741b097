import { readFileSync } from 'node:fs'
import { join, posix, resolve } from 'node:path'

const ROOT = resolve(__dirname, '..', '..')

const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, string | { require: { default: string } }>
}

/** What the package exports: what an application imports it as, such as `millrace/testing`, and its module in this repository. */
export const ENTRY_POINTS = Object.entries(exports).flatMap(([path, conditions]) =>
  typeof conditions === 'string'
    ? []
    : {
        name: posix.join('millrace', path),
        module: posix.join('lib', posix.relative('dist', conditions.require.default)).replace(/\.js$/, '.ts'),
      },
)
