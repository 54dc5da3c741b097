import { execFile, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { keptOfPartitions, type KafkaNode, START_TIMEOUT_MS, STARTED } from './node'
import { onProcessEnd } from './watchdog'

const run = promisify(execFile)

/** Where the container finds the node's `server.properties` (and keystore); they are copied there as root. */
export const CONTAINER_FOLDER = '/tmp/millrace'
/** Made by the image's own user when it formats. */
export const CONTAINER_DATA_FOLDER = '/tmp/kafka-data'

const imageOf = (version: string): string => `apache/kafka:${version}`

/** For a slow line. An engine that reaches no registry says so within seconds. */
const PULL_TIMEOUT_MS = 300_000

/**
 * Whether containers can run this version: Kafka published an image of it (since 3.7), an engine answers, and that engine
 * has the image or can pull it. The answer is kept in the environment, so that processes started from here don't ask again.
 */
export const dockerAvailable = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < 3 || (major === 3 && minor < 7)) return false
  const name = `MILLRACE_TEST_DOCKER_${version}`
  process.env[name] ??= engineHas(imageOf(version)) ? 'yes' : 'no'
  return process.env[name] === 'yes'
}

const engineHas = (image: string): boolean => {
  if (!succeeds(10_000, 'version', '--format', '{{.Server.Version}}')) return false
  return succeeds(10_000, 'image', 'inspect', image) || succeeds(PULL_TIMEOUT_MS, 'pull', '--quiet', image)
}

const succeeds = (timeout: number, ...args: string[]): boolean =>
  spawnSync('docker', args, { timeout, stdio: 'ignore' }).status === 0

export const docker = async (...args: string[]): Promise<string> => {
  const { stdout, stderr } = await run('docker', args, { maxBuffer: 1 << 26 })
  return stdout + stderr
}

export interface DockerNodePlan {
  readonly id: number
  readonly name: string
  readonly network: string
  readonly version: string
  readonly clusterId: string
  /** Copied into the container. */
  readonly folder: string
  readonly clientPort: number
  readonly formatArgs: readonly string[]
  readonly fullJvm: boolean
}

/** The container is created once and started again on its own data: stopping it loses nothing. */
export class DockerNode implements KafkaNode {
  private created = false
  private callOff: (() => void) | undefined

  constructor(private readonly plan: DockerNodePlan) {}

  async start(): Promise<void> {
    const { name } = this.plan
    await this.create()
    const startedBefore = await this.startedLines()
    await docker('start', name)
    const deadline = Date.now() + START_TIMEOUT_MS
    while ((await this.startedLines()) <= startedBefore) {
      const running = (await docker('inspect', '-f', '{{.State.Running}}', name)).trim() === 'true'
      if (!running || Date.now() > deadline) {
        throw new Error(`Kafka node ${this.plan.id} (container ${name}) did not start\n${await this.logTail()}`)
      }
      await sleep(200)
    }
  }

  async stop(): Promise<void> {
    await docker('stop', '-t', '60', this.plan.name)
  }

  async kill(): Promise<void> {
    const running = (await docker('inspect', '-f', '{{.State.Running}}', this.plan.name)).trim() === 'true'
    if (running) await docker('kill', this.plan.name)
  }

  async remove(): Promise<void> {
    if (this.created) await docker('rm', '-f', '-v', this.plan.name)
    this.callOff?.()
  }

  async keepFiles(folder: string): Promise<void> {
    const { name } = this.plan
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'broker.log'), await docker('logs', name))
    const data = join(folder, 'data')
    await docker('cp', `${name}:${CONTAINER_DATA_FOLDER}`, data)
    for (const entry of readdirSync(data, { recursive: true, withFileTypes: true })) {
      if (entry.isFile() && !keptOfPartitions(entry.name)) rmSync(join(entry.parentPath, entry.name))
    }
  }

  private logTail(): Promise<string> {
    return docker('logs', '--tail', '40', this.plan.name)
  }

  private async create(): Promise<void> {
    if (this.created) return
    const { name, network, version, clusterId, folder, clientPort, formatArgs, fullJvm } = this.plan
    const properties = `${CONTAINER_FOLDER}/server.properties`
    const bin = '/opt/kafka/bin'
    const script =
      `${bin}/kafka-storage.sh format --ignore-formatted -t "$1" -c ${properties} "\${@:2}" && ` +
      `exec ${bin}/kafka-server-start.sh ${properties}`
    // prettier-ignore
    await docker(
      'create', '--name', name, '--hostname', name, '--network', network, '-p', `127.0.0.1:${clientPort}:${clientPort}`,
      '-e', `KAFKA_HEAP_OPTS=${fullJvm ? '-Xmx1g' : '-Xmx512m'}`, '-e', 'LOG_DIR=/tmp/kafka-logs',
      '--entrypoint', 'bash', imageOf(version), '-c', script, 'node', clusterId, ...formatArgs,
    )
    this.created = true
    this.callOff = onProcessEnd('docker rm -f -v "$1"', name)
    await docker('cp', `${folder}/.`, `${name}:${CONTAINER_FOLDER}`)
  }

  private async startedLines(): Promise<number> {
    return (await docker('logs', this.plan.name)).split(STARTED).length - 1
  }
}
