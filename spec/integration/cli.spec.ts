import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { connect } from '../../lib/kafka/client'
import type { KafkaClient } from '../../lib/kafka/port'
import { silentLogger } from '../../lib/observe/logger'
import { NO_HEADERS, type RecordHeaders } from '../../lib/record/headers'
import { readTopic, untilTransactionsEnd } from '../../lib/testing/contracts/kafka/reading'
import { until } from '../support/embedded-apps'
import { describeWithKafka } from '../support/kafka-broker'
import { Program } from '../support/process'

const ROOT = resolve(__dirname, '../..')
const run = Math.random().toString(36).slice(2, 8)
const [LINES, COUNTS, DEAD, APP] = [`cli-lines-${run}`, `cli-counts-${run}`, `cli-dead-${run}`, `cli-app-${run}`]

interface Offset {
  topic: string
  partition: number
  from: number | null
  to: number
}

interface Group {
  state: string
  lag: number
  members: { tasks: string[]; clientId: string; host: string }[]
}

/** The binary as it is installed, on an application that `millrace new` has made; each test follows on the one before. */
describeWithKafka('the command line on a real broker', (bootstrapServers) => {
  let folder: string
  let project: string
  let client: KafkaClient
  let app: Program | undefined

  const millrace = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [join(ROOT, 'dist/cli/bin.js'), ...args], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, KAFKA_BOOTSTRAP_SERVERS: bootstrapServers },
    })

  const json = <T>(...args: string[]): T => {
    const { status, stdout, stderr } = millrace(...args, '--json')
    if (status !== 0) throw new Error(`millrace ${args.join(' ')} ended with ${status}: ${stderr}`)
    return JSON.parse(stdout) as T
  }

  const stateDir = (): string => join(folder, 'state')

  const start = async (): Promise<Program> => {
    app = new Program(process.execPath, ['--import', 'tsx', 'src/app.ts'], {
      cwd: project,
      env: { KAFKA_BOOTSTRAP_SERVERS: bootstrapServers, APPLICATION_ID: APP, STATE_DIR: stateDir() },
    })
    await app.untilOutput(/"to":"RUNNING"/)
    return app
  }

  const write = async (topic: string, records: { value: string; headers?: RecordHeaders }[]): Promise<void> => {
    const producer = client.producer({ lingerMs: 0 })
    await producer.init()
    await producer.loadTopics([topic])
    for (const { value, headers = NO_HEADERS } of records) {
      producer.append(topic, 0, null, Buffer.from(value), Date.now(), headers)
    }
    await producer.flush()
    await producer.close()
  }

  /** Until a word has been counted this often. */
  const counted = async (word: string, times: number): Promise<void> => {
    for (;;) {
      const records = await readTopic(client, COUNTS)
      const found = records.some(
        ({ key, value }) => key === word && value === String.fromCharCode(0).repeat(7) + String.fromCharCode(times),
      )
      if (found) return
      if (!app!.running) throw new Error(`the application has ended: ${app!.output}`)
    }
  }

  beforeAll(async () => {
    execFileSync(process.execPath, ['.config/prepare.mjs'], { cwd: ROOT })
    folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
    project = join(folder, 'my-app')
    expect(millrace('new', 'my-app')).toMatchObject({ status: 0 })
    mkdirSync(join(project, 'node_modules'))
    symlinkSync(ROOT, join(project, 'node_modules/millrace'))
    symlinkSync(join(ROOT, 'node_modules/tsx'), join(project, 'node_modules/tsx'))
    const source = join(project, 'src/topology.ts')
    const text = readFileSync(source, 'utf8').replace("'lines'", `'${LINES}'`).replace("'word-counts'", `'${COUNTS}'`)
    writeFileSync(source, text)
    client = connect({ brokers: bootstrapServers.split(',') }, { clientId: APP, logger: silentLogger })
    const topics = [LINES, COUNTS, DEAD].map((topic) => ({ topic, partitions: 2 }))
    await client.admin().createTopics(topics)
  }, 300_000)

  afterAll(async () => {
    if (app?.running === true) await app.kill()
    await client?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('describes the topology of a TypeScript module', () => {
    const { status, stdout } = millrace('describe', 'my-app/src/topology.ts')
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringContaining(`(topics: [${LINES}])`) })
  })

  it('shows the lag and the members of the running application', async () => {
    await start()
    await write(LINES, [{ value: 'to be or not to be' }, { value: 'be' }])
    await counted('be', 3)
    // exactly-once commits the offsets with the counts, and a marker follows the last record
    const { lag } = json<{ lag: number }>('lag', '--application-id', APP)
    expect(lag).toBeLessThanOrEqual(4)
    const group = json<Group>('groups', 'describe', APP)
    expect(group).toMatchObject({ state: 'Stable', members: [{ tasks: ['0_0', '0_1', '1_0', '1_1'] }] })
    expect(group.members[0]!.host).not.toBe('')
    expect(json<{ groupId: string }[]>('groups', 'list').map(({ groupId }) => groupId)).toContain(APP)
    expect(millrace('groups', 'describe', APP).stdout).toMatch(/^MEMBER +INSTANCE ID +CLIENT +HOST/m)
  })

  it('refuses to touch it while it runs', () => {
    for (const args of [
      ['reset', '--application-id', APP, '--execute'],
      ['groups', 'reset-offsets', APP, '--to-earliest', '--execute'],
      ['groups', 'delete', APP, '--execute'],
      ['groups', 'delete-offsets', APP, '--input-topic', LINES, '--execute'],
    ]) {
      expect(millrace(...args)).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/1 live member.*\(ILLEGAL_STATE\)/),
      })
    }
    expect(millrace('state', stateDir())).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/STATE_DIRECTORY_LOCKED/),
    })
  })

  it('reads the local state once it has stopped', async () => {
    expect(await app!.stop()).toBe(0)
    const found = json<{ key: string; value: number }[]>(
      'state',
      'scan',
      stateDir(),
      '--store',
      'counts',
      '--value-serde',
      'long',
    )
    expect(new Map(found.map(({ key, value }) => [key, value]))).toEqual(
      new Map([
        ['to', 2],
        ['be', 3],
        ['or', 1],
        ['not', 1],
      ]),
    )
  })

  it('sets offsets', async () => {
    const target = ['--input-topic', LINES, '--to-earliest']
    const { offsets } = json<{ offsets: Offset[] }>('groups', 'reset-offsets', APP, ...target)
    expect(offsets.find(({ partition }) => partition === 0)).toMatchObject({ from: 2, to: 0 })
    expect((await client.admin().groupOffsets(APP)).get(`${LINES}-0`)).toMatchObject({ offset: 2 })
    json('groups', 'reset-offsets', APP, ...target, '--execute')
    expect((await client.admin().groupOffsets(APP)).get(`${LINES}-0`)).toEqual({ offset: 0, metadata: '' })
  })

  it('starts the application over', async () => {
    const args = ['reset', '--application-id', APP, '--state-dir', stateDir()]
    const own = [`${APP}-counts-changelog`, `${APP}-words-repartition`]
    expect(json(...args)).toMatchObject({ executed: false, deletedTopics: own, keptTopics: [] })
    expect(await client.admin().listTopics()).toEqual(expect.arrayContaining(own))
    expect(json(...args, '--execute')).toMatchObject({ executed: true, deletedTopics: own })
    // the broker answers from its copy of the metadata, which follows the controller's
    await until(async () => !(await client.admin().listTopics()).some((topic) => own.includes(topic)))
    expect(existsSync(join(stateDir(), APP, '1_0'))).toBe(false)
    const before = (await readTopic(client, COUNTS)).length
    await start()
    await write(LINES, [{ value: 'again' }])
    await counted('again', 1)
    expect((await readTopic(client, COUNTS)).length).toBeGreaterThan(before + 1)
    expect(await app!.stop()).toBe(0)
  })

  it('replays dead letters once, in a transaction with the offsets', async () => {
    const header = (name: string, value: string): [string, Buffer] => [`__streams.errors.${name}`, Buffer.from(value)]
    const headers = [
      header('exception', 'TypeError'),
      header('topic', LINES),
      header('partition', '1'),
      header('offset', '0'),
    ]
    await write(DEAD, [{ value: 'failed', headers: [['trace', Buffer.from('t')], ...headers] }])
    expect(json<unknown[]>('dlq', 'list', DEAD)).toMatchObject([
      { value: 'failed', source: { topic: LINES, partition: 1 } },
    ])
    const replay = ['dlq', 'replay', DEAD, '--group', `${APP}-replay`, '--execute']
    expect(json(...replay)).toMatchObject({ replayed: { [LINES]: 1 } })
    expect(json(...replay)).toMatchObject({ replayed: {} })
    await untilTransactionsEnd(client, LINES)
    const replayed = (await readTopic(client, LINES)).filter(({ partition }) => partition === 1)
    expect(replayed).toMatchObject([{ value: 'failed', headers: [['trace', 't']] }])
  })

  it('deletes the group', async () => {
    json('groups', 'delete-offsets', APP, '--input-topic', LINES, '--execute')
    json('groups', 'delete', APP, '--execute')
    expect(await client.admin().groupOffsets(APP)).toEqual(new Map())
    expect(millrace('lag', '--application-id', APP)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/there is no group/),
    })
  })

  it('gives up soon where no broker answers', () => {
    const { status, stderr } = millrace('groups', 'list', '--bootstrap-servers', '127.0.0.1:1')
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/check --bootstrap-servers .*\(KAFKA_UNAVAILABLE\)/),
    })
  })
})
