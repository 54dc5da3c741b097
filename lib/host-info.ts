/** The address at which an instance answers queries: its `applicationServer`. */
export interface HostInfo {
  /** Name or IP address; an IPv6 address without brackets. */
  readonly host: string
  /** The TCP port. */
  readonly port: number
}

/** A name, an IPv4 address, or an IPv6 address in brackets; what comes after the last colon is the port. */
const ADDRESS = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9](?:[a-zA-Z0-9._-]*[a-zA-Z0-9])?)):(\d{1,5})$/

/** `undefined` if it is not `host:port`. */
export const parseHostInfo = (text: string): HostInfo | undefined => {
  const [, address, name, port] = ADDRESS.exec(text) ?? []
  const host = address ?? name
  const number = Number(port)
  return host === undefined || number < 1 || number > 65_535 ? undefined : { host, port: number }
}

/** As it is configured: `host:port`. */
export const hostText = ({ host, port }: HostInfo): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`

export const sameHost = (a: HostInfo, b: HostInfo): boolean => a.host === b.host && a.port === b.port
