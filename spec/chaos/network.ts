import type { KafkaBroker } from '../support/kafka-broker'
import { freePort } from '../support/kafka-broker'
import { TcpProxy } from '../support/tcp-proxy'

/** The way from one instance to each broker, which can be broken without touching the others. */
export class Network {
  private constructor(
    private readonly brokers: readonly KafkaBroker[],
    private readonly proxies: readonly TcpProxy[],
  ) {}

  static async open(brokers: readonly KafkaBroker[]): Promise<Network> {
    const proxies: TcpProxy[] = []
    for (const { port } of brokers) {
      proxies.push(await TcpProxy.listen({ port: await freePort(), target: { host: '127.0.0.1', port } }))
    }
    return new Network(brokers, proxies)
  }

  /** Broken in at least one place. */
  stalled = false

  get ports(): Array<readonly [broker: number, proxy: number]> {
    return this.brokers.map(({ port }, i) => [port, this.proxies[i]!.port])
  }

  cut(): number {
    const connections = this.proxies.reduce((sum, proxy) => sum + proxy.connections, 0)
    for (const proxy of this.proxies) proxy.cut()
    return connections
  }

  stall(brokers: readonly number[]): void {
    this.stalled = true
    for (const [i, { id }] of this.brokers.entries()) if (brokers.includes(id)) this.proxies[i]!.stall()
  }

  heal(): void {
    this.stalled = false
    for (const proxy of this.proxies) proxy.heal()
  }

  async close(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.close()))
  }
}
