import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { WireReader, WireWriter } from '../../../../lib/kafka/kafkajs/protocol/wire'
import { freePort } from '../../../support/kafka/ports'

export const API_VERSIONS = 18
export const METADATA = 3
export const FIND_COORDINATOR = 10

/** Answers the requests of a connection as a broker with one node would. */
export class TinyBroker {
  readonly requests: number[] = []
  versions: Array<readonly [key: number, min: number, max: number]> = [
    [METADATA, 0, 12],
    [FIND_COORDINATOR, 0, 4],
  ]
  coordinatorError = 0
  silent = false
  /** Where set, takes the answers in place of their sockets. */
  held: (() => void)[] | undefined
  /** Answers each request of this API with these bytes in place of a response. */
  readonly garbage = new Map<number, Buffer>()
  /** names of the topics asked for, by Metadata request */
  readonly asked: string[][] = []
  private readonly sockets = new Set<Socket>()
  private server: Server | undefined
  port = 0

  async start(): Promise<void> {
    // none that an outgoing connection can take while it is stopped
    this.port ||= await freePort()
    this.server = createServer((socket) => this.accept(socket)).listen(this.port, '127.0.0.1')
    await once(this.server, 'listening')
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    this.server?.close()
    if (this.server) await once(this.server, 'close')
    this.server = undefined
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.sockets.delete(socket))
    // requests this small come in one piece
    socket.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += 4 + data.readInt32BE(at)) this.answer(socket, data.subarray(at))
    })
  }

  /** Reads nothing more of its connections. */
  pause(): void {
    for (const socket of this.sockets) socket.pause()
  }

  get connections(): number {
    return this.sockets.size
  }

  private answer(socket: Socket, request: Buffer): void {
    const apiKey = request.readInt16BE(4)
    this.requests.push(apiKey)
    const garbage = this.garbage.get(apiKey)
    if (garbage !== undefined) socket.write(garbage)
    if (this.silent || garbage !== undefined) return
    const w = new WireWriter().raw(request.subarray(8, 12))
    if (apiKey === API_VERSIONS) {
      w.int16(0).array([...this.versions, [API_VERSIONS, 0, 3] as const], ([key, min, max]) =>
        w.int16(key).int16(min).int16(max),
      )
      w.int32(0)
    } else if (apiKey === METADATA) {
      w.int32(0).array([1], (id) => w.int32(id).string('127.0.0.1').int32(this.port).string(null))
      // the client id lies between the head and the topics
      const body = new WireReader(request.subarray(14 + Math.max(0, request.readInt16BE(12))))
      const topics = body.array(() => body.string())
      this.asked.push(topics)
      w.string(null)
        .int32(1)
        .array(topics, (topic) =>
          w
            .int16(0)
            .string(topic)
            .boolean(false)
            .array([0], () =>
              w
                .int16(0)
                .int32(0)
                .int32(1)
                .int32(0)
                .array([], () => {})
                .array([], () => {})
                .array([], () => {}),
            ),
        )
    } else {
      w.int32(0).int16(this.coordinatorError).string(null).int32(1).string('127.0.0.1').int32(this.port)
    }
    const size = Buffer.alloc(4)
    size.writeInt32BE(w.buffer.length)
    const send = (): void => void socket.write(Buffer.concat([size, w.buffer]))
    if (this.held) this.held.push(send)
    else send()
  }
}
