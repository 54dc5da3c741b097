import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TcpProxy } from '../tcp-proxy'
import { makeCertificate } from './certificates'
import { CONTAINER_DATA_FOLDER, CONTAINER_FOLDER, docker, dockerAvailable, DockerNode } from './docker-node'
import { classArchive, KAFKA_VERSION, kafkaClasspath, whyNoJava } from './java'
import { JavaNode } from './java-node'
import type { KafkaNode } from './node'
import {
  type NodePlan,
  type NodePorts,
  SASL_USER,
  type SaslMechanism,
  scramUsers,
  serverProperties,
} from './node-config'
import { freePort } from './ports'
import { onProcessEnd } from './watchdog'

export interface KafkaOptions {
  /** Default 1. With 3, topics have 3 replicas of which 2 must be in sync. */
  readonly brokers?: 1 | 3
  /** Default `KAFKA_VERSION`. */
  readonly version?: string
  /** Clients connect by TLS; the certificate to trust is `cluster.ca`. */
  readonly tls?: boolean
  /** Clients authenticate as `SASL_USER` by one of these. */
  readonly sasl?: readonly SaslMechanism[]
  /** Added to `server.properties` of every node. */
  readonly configs?: Readonly<Record<string, string>>
  /** Puts a `TcpProxy` in front of every broker, through which clients (not the other brokers) come. */
  readonly proxy?: boolean
  /** Runs the broker as production would rather than for a quick start. */
  readonly fullJvm?: boolean
  /** Where a broker that Java runs writes the classes that it has loaded when it is stopped. */
  readonly archiveClassesTo?: string
}

export interface KafkaBroker {
  readonly id: number
  /** Where clients connect: the broker's port, or that of its proxy. */
  readonly port: number
  /** With `proxy: true`. */
  readonly proxy: TcpProxy | undefined
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>
  /** Starts it again on the same ports and data. */
  start(): Promise<void>
  /** Copies its logs, and the segments of its partitions with what it knows of their transactions, into a new folder. */
  keepFiles(folder: string): Promise<void>
}

export interface KafkaCluster {
  readonly version: string
  readonly bootstrapServers: string
  readonly brokers: readonly KafkaBroker[]
  /** The certificate to trust, as PEM, with `tls: true`. */
  readonly ca: string | undefined
  /** Options of kafkajs for this cluster; `mechanism` is one of those that it was started with. */
  clientConfig(mechanism?: SaslMechanism): KafkaClientConfig
  /** Kills what runs and removes the temporary folder. */
  close(): Promise<void>
}

export interface KafkaClientConfig {
  brokers: string[]
  clientId: string
  ssl?: { ca: string[] }
  sasl?:
    | { mechanism: 'plain'; username: string; password: string }
    | { mechanism: 'scram-sha-256'; username: string; password: string }
    | { mechanism: 'scram-sha-512'; username: string; password: string }
}

/** Why no Kafka can be started here, or undefined where one can. */
export const whyNoOwnKafka = (version = KAFKA_VERSION): string | undefined => {
  if (dockerAvailable(version)) return undefined
  const reason = whyNoJava()
  return reason === undefined
    ? undefined
    : `no Kafka ${version} can be started: no Docker engine with its image, and ${reason}`
}

/**
 * Starts a Kafka of its own: in containers where a Docker engine has its image or can pull it, else by Java. Ends with this
 * process, however that ends.
 */
export const startKafka = async (options: KafkaOptions = {}): Promise<KafkaCluster> => {
  const unavailable = whyNoOwnKafka(options.version)
  if (unavailable !== undefined) throw new Error(unavailable)
  // A port that was free when it was chosen can be taken when the broker binds it.
  for (let attempt = 1; ; attempt++) {
    const cluster = new Cluster(options)
    try {
      await cluster.start()
      return cluster
    } catch (error) {
      await cluster.close()
      if (attempt === 3 || !/address already in use|port is already allocated/i.test(String(error))) throw error
    }
  }
}

class Cluster implements KafkaCluster {
  readonly version: string
  readonly brokers: KafkaBroker[] = []
  ca: string | undefined
  private readonly nodes: KafkaNode[] = []
  private readonly proxies: TcpProxy[] = []
  private readonly folder = mkdtempSync(join(tmpdir(), 'millrace-kafka-'))
  private readonly clusterId = randomBytes(16).toString('base64url').replace(/^-/, 'A') // a leading dash would read as an option
  private readonly name = `millrace-${this.clusterId.slice(0, 8)}`
  private readonly inDocker: boolean
  private readonly callOff: () => void

  constructor(private readonly options: KafkaOptions) {
    this.version = options.version ?? KAFKA_VERSION
    this.inDocker = dockerAvailable(this.version)
    // After the brokers' own watchdogs have killed them.
    const command = 'sleep 2; rm -rf "$1"; [ -z "$2" ] || docker network rm "$2"'
    this.callOff = onProcessEnd(command, this.folder, this.inDocker ? this.name : '')
  }

  get bootstrapServers(): string {
    return this.brokers.map(({ port }) => `127.0.0.1:${port}`).join(',')
  }

  clientConfig(mechanism = this.options.sasl?.[0]): KafkaClientConfig {
    const config: KafkaClientConfig = { brokers: this.bootstrapServers.split(','), clientId: 'millrace-test' }
    if (this.ca !== undefined) config.ssl = { ca: [this.ca] }
    if (mechanism) {
      config.sasl = { mechanism: mechanism.toLowerCase() as 'plain' | 'scram-sha-256' | 'scram-sha-512', ...SASL_USER }
    }
    return config
  }

  async start(): Promise<void> {
    if (this.inDocker) await docker('network', 'create', this.name)
    const count = this.options.brokers ?? 1
    const ids = Array.from({ length: count }, (_, index) => index + 1)
    const ports = new Map<number, NodePorts>()
    for (const id of ids) ports.set(id, await this.choosePorts())
    const hosts = new Map(ids.map((id) => [id, this.inDocker ? this.containerName(id) : '127.0.0.1']))
    const controllerPorts = new Map(ids.map((id) => [id, ports.get(id)!.controller]))
    for (const id of ids) await this.addNode(id, ports.get(id)!, hosts, controllerPorts)
    await Promise.all(this.nodes.map((node) => node.start()))
  }

  async close(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.close()))
    await Promise.all(this.nodes.map((node) => node.remove()))
    if (this.inDocker) await docker('network', 'rm', this.name).catch(() => {}) // its creation may be what failed
    this.callOff()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  private containerName(id: number): string {
    return `${this.name}-${id}`
  }

  private async choosePorts(): Promise<NodePorts> {
    const client = await freePort()
    let advertised = client
    if (this.options.proxy) {
      const proxy = await TcpProxy.listen({ port: await freePort(), target: { host: '127.0.0.1', port: client } })
      this.proxies.push(proxy)
      advertised = proxy.port
    }
    return { client, advertised, internal: await freePort(), controller: await freePort() }
  }

  private async addNode(
    id: number,
    ports: NodePorts,
    hosts: ReadonlyMap<number, string>,
    controllerPorts: ReadonlyMap<number, number>,
  ): Promise<void> {
    const { sasl = [], configs = {}, fullJvm = false, archiveClassesTo } = this.options
    const folder = join(this.folder, `node-${id}`)
    mkdirSync(folder)
    const seenFolder = this.inDocker ? CONTAINER_FOLDER : folder
    let certificate: NodePlan['certificate']
    if (this.options.tls) {
      this.ca = (this.ca ?? '') + makeCertificate(folder).ca
      certificate = { keystoreFile: join(seenFolder, 'keystore.pem') }
    }
    const dataFolder = this.inDocker ? CONTAINER_DATA_FOLDER : join(folder, 'data')
    const bind = this.inDocker ? '0.0.0.0' : '127.0.0.1'
    const plan = { id, ports, hosts, controllerPorts, bind, dataFolder, certificate, sasl, configs }
    writeFileSync(join(folder, 'server.properties'), serverProperties(plan))
    const common = { id, folder, clusterId: this.clusterId, formatArgs: scramUsers(sasl), fullJvm }
    const node = this.inDocker
      ? new DockerNode({
          ...common,
          name: this.containerName(id),
          network: this.name,
          version: this.version,
          clientPort: ports.client,
        })
      : new JavaNode({
          ...common,
          classpath: await kafkaClasspath(this.version),
          classArchive: classArchive(this.version),
          archiveClassesTo,
        })
    this.nodes.push(node)
    this.brokers.push({
      id,
      port: ports.advertised,
      proxy: this.proxies[id - 1],
      stop: () => node.stop(),
      kill: () => node.kill(),
      start: () => node.start(),
      keepFiles: (to) => node.keepFiles(to),
    })
  }
}
