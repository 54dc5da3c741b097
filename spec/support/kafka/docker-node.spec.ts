import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const VERSION = '4.2.0'
const IMAGE = `apache/kafka:${VERSION}`

const notYetAsked = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('MILLRACE_TEST_')),
)

describe('dockerAvailable', () => {
  let folder: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-docker-'))
  })

  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  /** Asks twice, in a process that finds a `docker` succeeding at the given commands only; with the commands it was asked. */
  const askWith = (commands: readonly string[], version = VERSION): { answers: boolean[]; asked: string[] } => {
    const log = join(folder, 'asked')
    writeFileSync(log, '')
    const cases = commands.map((command) => `'${command}'*) exit 0 ;;`).join('\n')
    const docker = `#!/bin/sh\necho "$*" >> '${log}'\ncase "$*" in\n${cases}\nesac\nexit 1\n`
    writeFileSync(join(folder, 'docker'), docker, { mode: 0o755 })
    const ask = `
      const { dockerAvailable } = require(${JSON.stringify(join(__dirname, 'docker-node'))})
      console.log(JSON.stringify([dockerAvailable('${version}'), dockerAvailable('${version}')]))`
    const { stdout, stderr } = spawnSync(process.execPath, ['--require', require.resolve('tsx/cjs'), '-e', ask], {
      encoding: 'utf8',
      env: { ...notYetAsked, PATH: `${folder}${delimiter}${process.env['PATH']}` },
    })
    if (stdout === '') throw new Error(stderr)
    return { answers: JSON.parse(stdout) as boolean[], asked: readFileSync(log, 'utf8').trim().split('\n') }
  }

  it('is true with an image that is there, which is not pulled again', () => {
    const { answers, asked } = askWith(['version', `image inspect ${IMAGE}`])
    expect(answers).toEqual([true, true])
    expect(asked.filter((command) => command.startsWith('pull'))).toEqual([])
  })

  it('is true with an image that can be pulled', () => {
    expect(askWith(['version', `pull --quiet ${IMAGE}`]).answers).toEqual([true, true])
  })

  it('is false with an engine that neither has the image nor can pull it, and tries that once', () => {
    const { answers, asked } = askWith(['version'])
    expect(answers).toEqual([false, false])
    expect(asked.filter((command) => command.startsWith('pull'))).toEqual([`pull --quiet ${IMAGE}`])
  })

  it('is false without an engine, whatever the client has heard of the image', () => {
    expect(askWith([`image inspect ${IMAGE}`, `pull --quiet ${IMAGE}`]).answers).toEqual([false, false])
  })

  it('is false for a version that Kafka published no image of, and asks no engine', () => {
    const { answers, asked } = askWith(['version', 'image inspect', 'pull'], '3.0.2')
    expect(answers).toEqual([false, false])
    expect(asked).toEqual([''])
  })
})
