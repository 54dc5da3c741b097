import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { describeWithKafka, freePort } from '../support/kafka-broker'
import { installPacked, runNpm } from '../support/packed-package'
import { Program } from '../support/process'
import { WordCountJob } from '../support/word-count-job'

const PARTITIONS = 4
/** One half splits lines into words, the other counts them. */
const TASKS = 2 * PARTITIONS

interface Instance {
  readonly port: number
  readonly app: Program
}

/** What the dashboard is sent. */
interface DashboardEvent {
  readonly instances: readonly {
    readonly host: string
    readonly unreachable?: string
    readonly state?: string
    readonly tasks?: readonly { readonly state: string }[]
  }[]
}

const MINUTES = 60_000

/** The first ten minutes of a newcomer, with the package as npm packs it. */
describeWithKafka('a new application on a real broker', (bootstrapServers) => {
  let folder: string
  let project: string
  let job: WordCountJob
  const instances: Instance[] = []

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-newcomer-'))
    project = join(folder, 'my-app')
    installPacked(folder, ['tsx', 'typescript', '@types/node'])
    job = new WordCountJob({
      kafka: { brokers: bootstrapServers.split(',') },
      name: 'newcomer',
      partitions: PARTITIONS,
      distinctWords: 100,
    })
    await job.createTopics()
  }, 5 * MINUTES) // it may have to be built

  afterAll(async () => {
    await Promise.all(instances.filter(({ app }) => app.running).map(({ app }) => app.kill()))
    await job?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const edit = (file: string, changes: Readonly<Record<string, string>>): void => {
    let text = readFileSync(join(project, file), 'utf8')
    for (const [before, after] of Object.entries(changes)) {
      expect(text).toContain(before)
      text = text.replace(before, after)
    }
    writeFileSync(join(project, file), text)
  }

  const start = async (): Promise<Instance> => {
    const port = await freePort()
    const env = { KAFKA_BOOTSTRAP_SERVERS: bootstrapServers, HTTP_PORT: String(port) }
    const app = new Program(process.execPath, ['dist/app.js'], { cwd: project, env })
    instances.push({ port, app })
    await app.untilOutput(/"to":"RUNNING"/)
    return { port, app }
  }

  const get = (port: number, path: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${path}`)

  /** Until the dashboard shows these instances, and no others, running with all tasks shared out among them. */
  const untilShared = async (sharing: readonly Instance[]): Promise<void> => {
    const hosts = sharing.map(({ port }) => `127.0.0.1:${port}`).sort()
    const isShared = ({ instances }: DashboardEvent): boolean => {
      const tasks = instances.flatMap((instance) => instance.tasks ?? [])
      return (
        isDeepStrictEqual(instances.map(({ host }) => host).sort(), hosts) &&
        instances.every((instance) => instance.state === 'RUNNING' && instance.tasks!.length > 0) &&
        tasks.length === TASKS &&
        tasks.every(({ state }) => state === 'running')
      )
    }
    const { body } = await get(sharing[0]!.port, '/dashboard/events')
    let text = ''
    for await (const chunk of body!.pipeThrough(new TextDecoderStream())) {
      const events = (text + chunk).split('\n\n')
      text = events.pop()!
      if (events.some((event) => isShared(JSON.parse(event.slice('data: '.length)) as DashboardEvent))) return
    }
    throw new Error('the dashboard sends no more events')
  }

  it('is made by npx millrace new, passes its test and builds', () => {
    expect(runNpm(folder, 'npx', '--no', 'millrace', 'new', 'my-app')).toContain('Made my-app')
    expect(runNpm(project, 'npm', 'test')).toMatch(/pass 1/)
    // topics of its own, and a crash noticed earlier than after the usual 45 s
    edit('src/topology.ts', { "'lines'": `'${job.input}'`, "'word-counts'": `'${job.output}'` })
    edit('src/app.ts', {
      "'my-app'": `'${job.applicationId}'`,
      "logLevel: 'info'": "logLevel: 'info', sessionTimeout: '6s'",
    })
    runNpm(project, 'npm', 'run', 'build')
  })

  it('counts, shows itself in the dashboard, scales to three, and loses nothing when one is killed', async () => {
    const first = await start()
    await job.produce(2_000)
    expect(await job.overcounts()).toEqual(new Map())
    expect(await (await get(first.port, '/dashboard')).text()).toContain('<title>millrace</title>')
    expect(await (await get(first.port, '/health/ready')).json()).toMatchObject({ ok: true })
    await untilShared([first])

    const [second, third] = await Promise.all([start(), start()])
    await untilShared([first, second, third])
    const producing = job.produce(10_000, 5_000)
    await job.countsOnce((counts) => [...counts.values()].some((count) => count > 40))
    await second.app.kill()
    await producing
    expect(await job.overcounts()).toEqual(new Map())
    await untilShared([first, third])
    expect(await first.app.stop()).toBe(0)
    expect(await third.app.stop()).toBe(0)
  })
})
