import type { Certificate } from './certificates'

export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

/** The one user of a broker with SASL. */
export const SASL_USER = { username: 'millrace', password: 'millrace-secret' } as const

export interface NodePorts {
  /** Where the broker listens for clients. */
  readonly client: number
  /** Where it tells clients to connect: its own port, or that of a proxy in front of it. */
  readonly advertised: number
  readonly internal: number
  readonly controller: number
}

export interface NodePlan {
  readonly id: number
  readonly ports: NodePorts
  /** The address of every node for the other nodes: 127.0.0.1, or a container's name. */
  readonly hosts: ReadonlyMap<number, string>
  readonly controllerPorts: ReadonlyMap<number, number>
  readonly bind: string
  readonly dataFolder: string
  readonly certificate: Omit<Certificate, 'ca'> | undefined
  readonly sasl: readonly SaslMechanism[]
  readonly configs: Readonly<Record<string, string>>
}

/** `server.properties` of one KRaft node, broker and controller in one. */
export const serverProperties = (plan: NodePlan): string => {
  const { id, ports, hosts, bind } = plan
  const host = hosts.get(id)
  const replicas = String(Math.min(3, hosts.size))
  const minIsr = hosts.size >= 3 ? '2' : '1'
  const properties: Record<string, string> = {
    'process.roles': 'broker,controller',
    'node.id': String(id),
    'controller.quorum.voters': [...hosts].map(([n, h]) => `${n}@${h}:${plan.controllerPorts.get(n)}`).join(','),
    listeners: `CLIENT://${bind}:${ports.client},INTERNAL://${bind}:${ports.internal},CONTROLLER://${bind}:${ports.controller}`,
    'advertised.listeners': `CLIENT://127.0.0.1:${ports.advertised},INTERNAL://${host}:${ports.internal}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'INTERNAL',
    'listener.security.protocol.map': `CLIENT:${clientProtocol(plan)},INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT`,
    'log.dirs': plan.dataFolder,
    'auto.create.topics.enable': 'false',
    'default.replication.factor': replicas,
    'min.insync.replicas': minIsr,
    'offsets.topic.replication.factor': replicas,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': minIsr,
    // Small and quick: what a test waits for, and what a machine with several clusters must hold.
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.num.partitions': '4',
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'broker.heartbeat.interval.ms': '500',
    'broker.session.timeout.ms': '4000',
    // Of 10 MB, the default, the first write to each index of each partition takes the system milliseconds of CPU time
    'log.index.size.max.bytes': String(1 << 20),
    'log.cleaner.backoff.ms': '500',
    'log.cleaner.dedupe.buffer.size': '16777216',
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
    ...securityProperties(plan),
    ...plan.configs,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

const clientProtocol = ({ certificate, sasl }: NodePlan): string =>
  sasl.length > 0 ? (certificate ? 'SASL_SSL' : 'SASL_PLAINTEXT') : certificate ? 'SSL' : 'PLAINTEXT'

const securityProperties = ({ certificate, sasl }: NodePlan): Record<string, string> => {
  const properties: Record<string, string> = {}
  if (certificate) {
    properties['listener.name.client.ssl.keystore.type'] = 'PEM'
    properties['listener.name.client.ssl.keystore.location'] = certificate.keystoreFile
  }
  if (sasl.length > 0) properties['sasl.enabled.mechanisms'] = sasl.join(',')
  for (const mechanism of sasl) {
    properties[`listener.name.client.${mechanism.toLowerCase()}.sasl.jaas.config`] =
      mechanism === 'PLAIN'
        ? `org.apache.kafka.common.security.plain.PlainLoginModule required user_${SASL_USER.username}="${SASL_USER.password}";`
        : 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  }
  return properties
}

/** What the format step needs to know the SCRAM users from the first start on (KIP-900, Kafka 3.5). */
export const scramUsers = (sasl: readonly SaslMechanism[]): string[] =>
  sasl
    .filter((mechanism) => mechanism !== 'PLAIN')
    .flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${SASL_USER.username},password=${SASL_USER.password}]`])
