import { ClientError } from '../../port'

/** `host:port`, `[ipv6]:port`; the port defaults to 9092. */
export const parseBroker = (broker: string): { host: string; port: number } => {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(broker.trim())
  const host = match?.[1] ?? match?.[2]
  if (!host)
    throw new ClientError('fatal', `'${broker}' in \`kafka.brokers\` is not of the form host:port`, 'INVALID_BROKER')
  return { host, port: Number(match?.[3] ?? 9092) }
}
