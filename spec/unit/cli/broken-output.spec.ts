import { EventEmitter } from 'node:events'
import { exitOnBrokenOutput } from '../../../lib/cli/broken-output'

const failure = (code: string): Error => Object.assign(new Error(`${code}: what it means, write`), { code })

const processUnderTest = () => {
  const seen: string[] = []
  const stream = (name: string) =>
    Object.assign(new EventEmitter(), {
      write: (text: string, done: () => void) => {
        seen.push(`${name}: ${text}`)
        done()
      },
    })
  const [stdout, stderr] = [stream('stdout'), stream('stderr')]
  exitOnBrokenOutput({ stdout, stderr, exit: (code) => void seen.push(`exit ${code}`) })
  return { stdout, stderr, seen }
}

describe('an output that can not be written', () => {
  it.each(['stdout', 'stderr'] as const)('ends the process quietly once nobody reads %s any more', (name) => {
    const { seen, ...streams } = processUnderTest()
    streams[name].emit('error', failure('EPIPE'))
    expect(seen).toEqual(['exit 0'])
  })

  it('is reported in one line, and the process fails', () => {
    const { seen, stdout } = processUnderTest()
    stdout.emit('error', failure('ENOSPC'))
    expect(seen).toEqual([
      "stderr: millrace: standard output can't be written: ENOSPC: what it means, write\n",
      'exit 1',
    ])
  })

  it('fails the process also where nothing can be reported', () => {
    const { seen, stderr } = processUnderTest()
    stderr.emit('error', failure('ENOSPC'))
    expect(seen).toEqual(['exit 1'])
  })
})
