import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { freePort } from './kafka/ports'

interface Version {
  readonly deleted?: boolean
  readonly id: number
  readonly schema: string
  readonly schemaType?: string
  readonly references?: ReadonlyArray<{ name: string; subject: string; version: number }>
}

export interface Request {
  readonly method: string
  readonly path: string
  readonly authorization: string | undefined
}

/** The part of a Confluent schema registry's REST API that serdes use, over HTTP, with faults on demand. */
export class FakeSchemaRegistry {
  readonly requests: Request[] = []
  /** Instead of an answer: a status with the registry's own words, or those of something in between. */
  failing: { status: number; body: string } | undefined
  /** Subjects that take no further schema. */
  readonly incompatible = new Set<string>()
  /** While set, requests wait for it. */
  held: Promise<void> | undefined
  private readonly subjects = new Map<string, Version[]>()
  private lastId = 0
  private server: Server | undefined

  private constructor(private readonly port: number) {}

  static async start(): Promise<FakeSchemaRegistry> {
    // none that an outgoing connection can take while the registry is down
    const registry = new FakeSchemaRegistry(await freePort())
    await registry.listen()
    return registry
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** On the same port after `stop`, with what it had. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.answer(request, response))
    server.listen(this.port, '127.0.0.1')
    await once(server, 'listening')
    this.server = server
  }

  async stop(): Promise<void> {
    const { server } = this
    this.server = undefined
    if (!server) return
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  /** As if another application had registered it. `id` can be any that is free. */
  add(subject: string, schema: unknown, more: Partial<Version> = {}): number {
    const versions = this.subjects.get(subject) ?? []
    const text = typeof schema === 'string' && more.schemaType ? schema : JSON.stringify(schema)
    const id = more.id ?? this.idOf(text) ?? ++this.lastId
    this.lastId = Math.max(this.lastId, id)
    this.subjects.set(subject, [...versions, { ...more, id, schema: text }])
    return id
  }

  /** Leaves a gap in the versions; the id stays known. */
  deleteVersion(subject: string, version: number): void {
    this.subjects.set(
      subject,
      this.subjects.get(subject)!.map((one, i) => (i === version - 1 ? { ...one, deleted: true } : one)),
    )
  }

  schemas(subject: string): unknown[] {
    return (this.subjects.get(subject) ?? []).map(({ schema }) => JSON.parse(schema) as unknown)
  }

  /** `GET /schemas/ids/1` … since the last call. */
  took(): string[] {
    return this.requests.splice(0).map(({ method, path }) => `${method} ${path}`)
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!
    this.requests.push({
      method: request.method!,
      path: decodeURIComponent(path),
      authorization: request.headers.authorization,
    })
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    await this.held
    const { status, body } = this.failing ?? this.handle(request.method!, path, Buffer.concat(chunks).toString())
    response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

  private handle(method: string, path: string, text: string): { status: number; body: unknown } {
    const [, first, second, third, fourth] = path.split('/').map(decodeURIComponent)
    if (method === 'GET' && first === 'schemas') return this.byId(Number(third))
    if (first !== 'subjects') return error(404, 404, 'HTTP 404 Not Found')
    const versions = this.subjects.get(second!)
    if (method === 'GET') {
      if (!versions) return error(404, 40401, `Subject '${second}' not found.`)
      const at = fourth === 'latest' ? versions.findLastIndex(({ deleted }) => !deleted) + 1 : Number(fourth)
      const version = versions[at - 1]
      return version && !version.deleted
        ? { status: 200, body: { subject: second, version: at, ...version } }
        : error(404, 40402, `Version ${fourth} not found.`)
    }
    const { schema, schemaType, references } = JSON.parse(text) as Version
    const known = versions?.findIndex((version) => version.schema === schema) ?? -1
    if (known >= 0) return { status: 200, body: { id: versions![known]!.id, version: known + 1 } }
    if (third === undefined) {
      return versions ? error(404, 40403, 'Schema not found') : error(404, 40401, `Subject '${second}' not found.`)
    }
    if (this.incompatible.has(second!)) {
      return error(409, 409, 'Schema being registered is incompatible with an earlier schema')
    }
    const content: unknown = schemaType === 'PROTOBUF' ? schema : JSON.parse(schema)
    const more = { ...(schemaType && { schemaType }), ...(references && { references }) }
    return { status: 200, body: { id: this.add(second!, content, more) } }
  }

  private byId(id: number): { status: number; body: unknown } {
    const version = [...this.subjects.values()].flat().find((candidate) => candidate.id === id)
    if (!version) return error(404, 40403, `Schema ${id} not found`)
    const { schema, schemaType, references } = version
    return { status: 200, body: { schema, schemaType, references } }
  }

  private idOf(schema: string): number | undefined {
    return [...this.subjects.values()].flat().find((version) => version.schema === schema)?.id
  }
}

const error = (status: number, code: number, message: string): { status: number; body: unknown } => ({
  status,
  body: { error_code: code, message },
})
