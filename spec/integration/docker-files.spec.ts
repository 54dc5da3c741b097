import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { parse } from 'yaml'
import { connect } from '../../lib/kafka/client'
import type { TopicSpec } from '../../lib/kafka/port'
import { NO_HEADERS } from '../../lib/record/headers'
import { silentLogger } from '../../lib/observe/logger'
import { describeWithOwnKafka, type KafkaCluster, startKafka } from '../support/kafka-broker'
import { App } from '../support/process'

const ROOT = resolve(__dirname, '../..')

interface Service {
  readonly image?: string
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly tmpfs?: readonly string[]
  readonly restart?: string
  readonly healthcheck?: { readonly test: readonly string[] }
}

const servicesOf = (composeFile: string): Readonly<Record<string, Service>> => {
  const text = readFileSync(join(ROOT, composeFile), 'utf8').replaceAll('{{name}}', 'my-app')
  return (parse(text) as { services: Readonly<Record<string, Service>> }).services
}

const services = servicesOf('docker/compose.yaml')
/** Of an application that `millrace new` makes. */
const newServices = servicesOf('lib/cli/templates/app/compose.yaml.template')

/** Declared by Kafka's image: what a container does not mount there becomes an anonymous volume. */
const KAFKA_IMAGE_VOLUMES = ['/etc/kafka/secrets', '/mnt/shared/config', '/var/lib/kafka/data']

describe('the Docker files', () => {
  const instructions = readFileSync(join(ROOT, 'docker/Dockerfile'), 'utf8')

  it('name no image of a Dockerfile frontend, which would have to be pulled', () => {
    expect(instructions).not.toMatch(/^#\s*syntax\s*=/m)
  })

  it('leave no anonymous volume behind', () => {
    expect(instructions).not.toMatch(/^VOLUME/m)
    for (const { image, volumes = [], tmpfs = [] } of [services, newServices].flatMap(Object.values<Service>)) {
      if (!image?.startsWith('apache/kafka:')) continue
      const mounted = [...volumes.map((volume) => volume.split(':')[1]), ...tmpfs]
      expect(mounted.sort()).toEqual(KAFKA_IMAGE_VOLUMES)
    }
  })

  // An image's folder that is mounted in memory belongs to root there, whoever owned it in the image.
  it('give Prometheus, which runs as nobody, the folder that it writes to', () => {
    expect(services['prometheus']!.tmpfs).toEqual(['/prometheus:uid=65534,gid=65534'])
  })

  it('have the same health check of Kafka in a new application', () => {
    expect(newServices['kafka']!.healthcheck).toEqual(services['kafka']!.healthcheck)
  })

  it('publish ports on the loopback interface only', () => {
    const ports = [services, newServices].flatMap(Object.values<Service>).flatMap((service) => service.ports ?? [])
    expect(ports).toContain('127.0.0.1:29092:29092')
    expect(ports.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
  })
})

/** The exit code of Kafka's health check, asked of a port of this machine. */
const healthCheck = async (port: number): Promise<number> => {
  const [kind, command, ...args] = services['kafka']!.healthcheck!.test.map((word) =>
    word.replaceAll('$$', '$').replaceAll('kafka/9092', `127.0.0.1/${port}`),
  )
  expect([kind, command]).toEqual(['CMD', 'bash'])
  const [code] = (await once(spawn('bash', args, { stdio: 'ignore' }), 'exit')) as [number]
  return code
}

describeWithOwnKafka('what the containers run', () => {
  let cluster: KafkaCluster
  let folder: string
  let apps: App[] = []

  beforeAll(async () => {
    cluster = await startKafka()
    folder = mkdtempSync(join(tmpdir(), 'millrace-container-'))
    // The output refuses whatever is written to it.
    const refusing = { 'max.message.bytes': '1' }
    await createTopics({ topic: 'lines', partitions: 1 }, { topic: 'word-counts', partitions: 1, configs: refusing })
  })

  afterAll(async () => {
    await cluster?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  afterEach(async () => {
    await Promise.all(apps.filter((app) => app.running).map((app) => app.kill()))
    apps = []
  })

  const client = () => connect(cluster.clientConfig(), { clientId: 'container-test', logger: silentLogger })

  const createTopics = async (...specs: TopicSpec[]): Promise<void> => {
    const kafka = client()
    await kafka.admin().createTopics(specs)
    await kafka.close()
  }

  const write = async (topic: string, value: string): Promise<void> => {
    const kafka = client()
    const producer = kafka.producer({ lingerMs: 0 })
    await producer.init()
    await producer.loadTopics([topic])
    producer.append(topic, 0, null, Buffer.from(value), Date.now(), NO_HEADERS)
    await producer.flush()
    await producer.close()
    await kafka.close()
  }

  /** As the image starts it. */
  const start = (groupInstanceId: string): App => {
    const app = new App(join(ROOT, 'examples/01-word-count/index.ts'), {
      cwd: ROOT,
      env: {
        KAFKA_BOOTSTRAP_SERVERS: cluster.bootstrapServers,
        STATE_DIR: join(folder, groupInstanceId),
        GROUP_INSTANCE_ID: groupInstanceId,
      },
    })
    apps.push(app)
    return app
  }

  const members = async (): Promise<string[]> => {
    const admin = new Kafka({ ...cluster.clientConfig(), logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    const { groups } = await admin.describeGroups(['word-count'])
    await admin.disconnect()
    return groups.flatMap((group) => group.members.map(({ memberId }) => memberId))
  }

  it('has a health check of Kafka that passes only while the broker serves clients', async () => {
    const [broker] = cluster.brokers
    expect(await healthCheck(broker!.port)).toBe(0)
    await broker!.stop()
    expect(await healthCheck(broker!.port)).not.toBe(0)
    await broker!.start()
  })

  it('has a health check of Kafka that fails where something else accepts the connection', async () => {
    const server = createServer((socket: Socket) => socket.end('?')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    expect(await healthCheck((server.address() as AddressInfo).port)).not.toBe(0)
    server.close()
  })

  it('has a word count that takes the place of its crashed predecessor, and leaves the group when it is stopped', async () => {
    const crashed = start('replica-1')
    await crashed.untilOutput(/-> RUNNING/)
    const [before] = await members()
    expect(before).toMatch(/^replica-1-/)
    await crashed.kill()

    const restarted = start('replica-1')
    await restarted.untilOutput(/-> RUNNING/)
    const after = await members()
    expect(after).toEqual([expect.stringMatching(/^replica-1-/)])
    expect(after).not.toContain(before)
    expect(await restarted.stop()).toBe(0)
    expect(await members()).toEqual([])
  })

  it('has a word count that ends with 1 when the instance fails, so that it is restarted', async () => {
    expect(services['app']!.restart).toBe('on-failure')
    const app = start('replica-2')
    await app.untilOutput(/-> RUNNING/)
    await write('lines', 'to be')
    expect(await app.end()).toBe(1)
    expect(app.output).toContain('MESSAGE_TOO_LARGE')
  })
})
