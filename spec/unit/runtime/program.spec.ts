import { resolve } from 'node:path'
import { bundled } from '../../support/bundled'
import { App } from '../../support/process'
import { temporaryFolder } from '../state/temporary-folder'

const folder = temporaryFolder()
const CLOSED_PORT = '9'

const run = (where: string, onFailure: 'awaits' | 'listens' | 'ignores', topic: string): App =>
  new App(bundled(resolve(__dirname, 'program.ts')), { args: [folder.path, where, onFailure, topic] })

describe('a program whose instance fails', () => {
  it.each(['awaits', 'ignores'] as const)('ends with exit code 1, and prints why (%s the end)', async (onFailure) => {
    const app = run('embedded', onFailure, 'lines')
    expect(await app.end()).toBe(1)
    expect(app.output).toMatch(/state ERROR/)
    expect(app.output).toMatch(/StreamsError: .*no such line/)
    expect(app.output).toMatch(/code: 'PROCESSING_FAILED'/)
  })

  it('is left alone where it listens to errors', async () => {
    const app = run('embedded', 'listens', 'lines')
    expect(await app.end()).toBe(0)
    expect(app.output).toMatch(/heard PROCESSING_FAILED[^]*state ERROR/)
    expect(app.output).not.toMatch(/Node\.js v/)
  })
})

describe('a program that is interrupted before its instance runs', () => {
  it.each([
    ['no broker answers', CLOSED_PORT, 'lines'],
    ['a source topic is missing', 'embedded', 'nowhere'],
  ])('ends with exit code 0 and without a stack (%s)', async (_, where, topic) => {
    const app = run(where, 'awaits', topic)
    await app.untilOutput(/state REBALANCING/)
    process.kill(app.pid, 'SIGINT')
    expect(await app.end()).toBe(0)
    expect(app.output).toMatch(/state NOT_RUNNING/)
    expect(app.output).not.toMatch(/^\s+at /m)
  })
})
