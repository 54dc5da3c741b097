import { StateDirectory } from '../../../lib/state/state-directory'

/** Holds a state directory until its input ends, or it is killed. */
const main = async (stateDir: string): Promise<void> => {
  const directory = await StateDirectory.open({ stateDir, applicationId: 'app' })
  process.stdout.write(`holds ${directory.processId} as ${process.pid}\n`)
  process.stdin.on('data', () => {}).on('end', () => void directory.close())
}

main(process.argv[2]!).catch((error: Error) => {
  process.stdout.write(`refused: ${error.message}\n`)
  process.exitCode = 1
})
