import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { Random } from '../differential/random'

/** What the library has found damaged already, and keeps for its owner. */
const SET_ASIDE = /\.damaged-/

const filesBelow = (folder: string, pattern: RegExp): string[] =>
  !existsSync(folder)
    ? []
    : readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((path) => pattern.test(basename(path)) && !SET_ASIDE.test(path))
        .sort()
        .map((path) => join(folder, path))
        .filter((path) => statSync(path).size > 0)

const shown = (file: string): string =>
  `${basename(dirname(dirname(file)))}/${basename(dirname(file))}/${basename(file)}`

/** Deletes the state of all applications of an instance. Each damage says what it has done. */
export const wipe = (stateDir: string): string => {
  rmSync(stateDir, { recursive: true, force: true })
  return 'all state deleted'
}

/** Cuts off the end of a table, log or manifest of LevelDB, as a disk that was full or a crash of the machine may. */
export const truncate = (stateDir: string, seed: number): string => {
  const random = new Random(seed)
  const files = filesBelow(stateDir, /^(\d+\.(ldb|log)|MANIFEST-\d+)$/)
  if (files.length === 0) return 'no files of state to truncate'
  const file = random.pick(files)
  const { size } = statSync(file)
  const left = random.below(size)
  truncateSync(file, left)
  return `${shown(file)} truncated from ${size} to ${left} bytes`
}

/** Flips bits in a table of LevelDB, as a bad disk may. */
export const flip = (stateDir: string, seed: number): string => {
  const random = new Random(seed)
  const files = filesBelow(stateDir, /^\d+\.ldb$/)
  if (files.length === 0) return 'no tables of state to damage'
  const file = random.pick(files)
  const bytes = readFileSync(file)
  const flips = random.between(1, 8)
  const places = Array.from({ length: flips }, () => random.below(bytes.length))
  for (const place of places) bytes[place]! ^= 1 << random.below(8)
  writeFileSync(file, bytes)
  return `${shown(file)} of ${bytes.length} bytes has bits flipped at ${places.join(', ')}`
}
