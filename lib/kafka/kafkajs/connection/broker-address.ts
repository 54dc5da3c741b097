import { ClientError } from '../../port'

const ADDRESS = /^(?:\[([^[\]]+)\]|([^\s:,;/@[\]]+)):(\d+)$/

/** What is wrong with the text of a broker, and how to write it; undefined if it is `host:port` or `[ipv6]:port`. */
export const brokerFault = (broker: string): string | undefined => {
  const text = broker.trim()
  const url = /^([a-z_+]+):\/\/([^/]*)/i.exec(text)
  if (url) {
    const [, protocol = '', address = ''] = url
    const security = /ssl|sasl|https/i.test(protocol)
      ? ". TLS and SASL are set by kafkajs's own options: ssl: true, sasl: { mechanism: 'plain', username, password }"
      : ''
    return `write '${address}', without ${protocol}://${security}`
  }
  if (/[,;\s]/.test(text)) {
    const each = text.split(/[,;\s]+/).filter((part) => part !== '')
    return `write each broker as an entry of its own, ${each.map((part) => `'${part}'`).join(', ')}`
  }
  const port = ADDRESS.exec(text)?.[3]
  if (port !== undefined) {
    return Number(port) >= 1 && Number(port) <= 65_535 ? undefined : `port ${port} is not between 1 and 65535`
  }
  if (/^[^:/@]+:?$/.test(text))
    return `the port is missing: write '${text.replace(':', '')}:9092', or the port that it has`
  return "write host:port, such as 'localhost:9092', and an IPv6 address in brackets, '[::1]:9092'"
}

/** @throws ClientError INVALID_BROKER */
export const parseBroker = (broker: string): { host: string; port: number } => {
  const fault = brokerFault(broker)
  if (fault !== undefined) throw new ClientError('fatal', `kafka.brokers has '${broker}': ${fault}`, 'INVALID_BROKER')
  const [, ipv6, host, port] = ADDRESS.exec(broker.trim())!
  return { host: (ipv6 ?? host)!, port: Number(port) }
}
