import { dirname } from 'node:path'

/** `lib/`, and `dist/` once it is built: this module is then in one file with all others. */
export const CODE_FOLDER = __dirname

/** Where `package.json` is. */
export const PACKAGE_FOLDER = dirname(CODE_FOLDER)
