import { execFileSync } from 'node:child_process'
import { resolve } from 'node:path'
import { median } from '../statistics'

const ROOT = resolve(__dirname, '../../..')

const CONTESTANTS = { millrace: ['millrace'], 'kafkajs and classic-level': ['kafkajs', 'classic-level'] } as const

/** What a process takes for its imports, as it prints it: CPU time in milliseconds, and files that it loads. */
const PROGRAM = `
  const before = process.cpuUsage()
  for (const name of process.argv.slice(1)) require(name)
  const { user, system } = process.cpuUsage(before)
  console.log((user + system) / 1000, Object.keys(require.cache).length)`

/** Prints the CPU time of `import 'millrace'`, and of an import of what it stands on; they take turns, each in a new process. */
export const measureImport = async ({ rounds }: { rounds: number }): Promise<void> => {
  const figures = Object.values(CONTESTANTS).map(() => ({ ms: [] as number[], files: 0 }))
  for (let round = 0; round < rounds; round++) {
    for (const [i, names] of Object.values(CONTESTANTS).entries()) {
      const [ms, files] = execFileSync(process.execPath, ['-e', PROGRAM, ...names], {
        cwd: ROOT,
        encoding: 'utf8',
      }).split(' ')
      figures[i]!.ms.push(Number(ms))
      figures[i]!.files = Number(files)
    }
  }
  const [ours, bare] = figures.map(({ ms }) => median(ms))
  Object.keys(CONTESTANTS).forEach((name, i) => {
    console.log(`${name}: ${median(figures[i]!.ms).toFixed(0)} ms of CPU time, ${figures[i]!.files} files`)
  })
  console.log(`ratio ${(ours! / bare!).toFixed(2)}, medians of ${rounds}`)
}
