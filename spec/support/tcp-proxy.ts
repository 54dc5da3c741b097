import { EventEmitter, once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { FrameReader } from './kafka-frames'

export interface KafkaRequestHead {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
}

/** What to do with a frame: `cut` closes its connection without forwarding it. */
export type Verdict = 'forward' | 'drop' | 'cut'

export interface TcpProxyOptions {
  readonly port: number
  readonly target: { readonly host: string; readonly port: number }
}

/** Stands between clients and one broker (which must advertise the proxy's port), and breaks what runs through it. */
export class TcpProxy {
  private readonly links = new Set<Link>()
  private readonly events = new EventEmitter()
  private refusing = false
  private stalled = false
  private requestVerdict: (request: KafkaRequestHead) => Verdict = () => 'forward'
  private responseVerdict: (request: KafkaRequestHead) => Verdict = () => 'forward'

  private constructor(
    private readonly server: Server,
    private readonly target: TcpProxyOptions['target'],
  ) {
    server.on('connection', (client) => this.accept(client))
  }

  static async listen({ port, target }: TcpProxyOptions): Promise<TcpProxy> {
    const server = createServer()
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return new TcpProxy(server, target)
  }

  get port(): number {
    return (this.server.address() as { port: number }).port
  }

  get connections(): number {
    return this.links.size
  }

  /** Closes every connection at once; new ones are accepted. */
  cut(): void {
    for (const link of this.links) link.cut()
  }

  /** Cuts, and refuses new connections until `accept`. */
  refuse(): void {
    this.refusing = true
    this.cut()
  }

  /** Until the next connection is refused. */
  async refused(): Promise<void> {
    await once(this.events, 'refused')
  }

  /** Stops forwarding in both directions while connections stay open: a network that swallows packets. */
  stall(): void {
    this.stalled = true
    for (const link of this.links) link.setStalled(true)
  }

  /** Ends `refuse` and `stall`; what was held back is forwarded. */
  heal(): void {
    this.refusing = false
    this.stalled = false
    for (const link of this.links) link.setStalled(false)
  }

  /** Decides on each request before the broker sees it (not with TLS). */
  onRequest(verdict: (request: KafkaRequestHead) => Verdict): void {
    this.requestVerdict = verdict
  }

  /** Decides on each response, by the request that it answers (not with TLS): the broker has done the work already. */
  onResponse(verdict: (request: KafkaRequestHead) => Verdict): void {
    this.responseVerdict = verdict
  }

  /** Resolves when so many responses to requests of this kind have come; all are forwarded. */
  answersTo(wanted: number, times: number): Promise<void> {
    return new Promise((resolve) => {
      let left = times
      this.onResponse(({ apiKey }) => {
        if (apiKey === wanted && --left === 0) resolve()
        return 'forward'
      })
    })
  }

  /** Swallows the next `times` responses to requests of this kind. */
  dropResponses(apiKey: number, times = Infinity, verdict: Verdict = 'drop'): void {
    let left = times
    this.onResponse((request) => (request.apiKey === apiKey && left-- > 0 ? verdict : 'forward'))
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve))
    this.cut()
    await closed
  }

  private accept(client: Socket): void {
    if (this.refusing) {
      client.destroy()
      this.events.emit('refused')
      return
    }
    const broker = connect(this.target)
    const link = new Link(
      client,
      broker,
      (request) => this.requestVerdict(request),
      (request) => this.responseVerdict(request),
      () => this.links.delete(link),
    )
    this.links.add(link)
    link.setStalled(this.stalled)
  }
}

/** One client connection and its twin to the broker. */
class Link {
  private readonly pending = new Map<number, KafkaRequestHead>()
  private readonly waitingForDrain = new Set<Socket>()
  private stalled = false

  constructor(
    private readonly client: Socket,
    private readonly broker: Socket,
    requestVerdict: (request: KafkaRequestHead) => Verdict,
    responseVerdict: (request: KafkaRequestHead) => Verdict,
    closed: () => void,
  ) {
    client.setNoDelay(true)
    broker.setNoDelay(true)
    const requests = new FrameReader(12, (head) => {
      const request = {
        apiKey: head.readInt16BE(4),
        apiVersion: head.readInt16BE(6),
        correlationId: head.readInt32BE(8),
      }
      this.pending.set(request.correlationId, request)
      return requestVerdict(request)
    })
    const responses = new FrameReader(8, (head) => {
      const request = this.pending.get(head.readInt32BE(4))
      if (!request) return 'forward'
      this.pending.delete(request.correlationId)
      return responseVerdict(request)
    })
    this.pump(client, broker, requests)
    this.pump(broker, client, responses)
    client.once('close', closed)
  }

  cut(): void {
    this.client.destroy()
    this.broker.destroy()
  }

  setStalled(stalled: boolean): void {
    this.stalled = stalled
    for (const socket of [this.client, this.broker]) this.flow(socket)
  }

  private flow(socket: Socket): void {
    if (this.stalled || this.waitingForDrain.has(socket)) socket.pause()
    else socket.resume()
  }

  private pump(from: Socket, to: Socket, frames: FrameReader): void {
    from.on('data', (chunk: Buffer) => {
      const forwarded = frames.push(chunk)
      if (forwarded === 'cut') return this.cut()
      for (const part of forwarded) {
        if (to.write(part) || this.waitingForDrain.has(from)) continue
        this.waitingForDrain.add(from)
        this.flow(from)
        to.once('drain', () => {
          this.waitingForDrain.delete(from)
          this.flow(from)
        })
      }
    })
    from.on('error', () => to.destroy())
    from.once('end', () => to.end())
    from.once('close', () => to.destroy())
  }
}
