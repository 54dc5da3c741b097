import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type ErrorCode, StreamsError } from '../errors'
import { toJson } from '../query/json-values'
import { BadRequest } from './request-target'

const COMMON = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
const RETRY_AFTER_S = '1'
/** Text is gathered up to this size before it is written. */
const CHUNK_CHARS = 16 * 1024
/** How long an answer is worked on before timers and sockets get their turn. */
const TURN_MS = 4

const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  UNKNOWN_STORE: 404,
  INVALID_ARGUMENT: 400,
  ISOLATION_UNSUPPORTED: 400,
  SERIALIZATION_FAILED: 400,
  STORE_NOT_AVAILABLE: 503,
  STORE_BEHIND: 503,
  NOT_LOCAL: 503,
  INSTANCE_UNREACHABLE: 503,
  KAFKA_UNAVAILABLE: 503,
  SCHEMA_REGISTRY_UNAVAILABLE: 503,
  TIMEOUT: 504,
}

export const sendText = (response: ServerResponse, status: number, type: string, text: string): void =>
  send(response, status, type, [Buffer.from(text)])

/** Sends a long text that is made part by part, and gives other work its turn in between. */
export const sendParts = async (
  response: ServerResponse,
  type: string,
  parts: Iterable<string>,
  signal: AbortSignal,
): Promise<void> => {
  const bytes: Buffer[] = []
  let turn = performance.now()
  for (const part of parts) {
    bytes.push(Buffer.from(part))
    if (performance.now() - turn < TURN_MS) continue
    await new Promise((resolve) => setImmediate(resolve))
    signal.throwIfAborted()
    turn = performance.now()
  }
  send(response, 200, type, bytes)
}

const send = (response: ServerResponse, status: number, type: string, parts: readonly Buffer[]): void => {
  const length = parts.reduce((sum, { byteLength }) => sum + byteLength, 0)
  const retry = status === 503 ? { 'retry-after': RETRY_AFTER_S } : {}
  response.writeHead(status, { ...COMMON, ...retry, 'content-type': type, 'content-length': length })
  for (const part of parts.slice(0, -1)) response.write(part)
  response.end(parts.at(-1))
}

export const sendRedirect = (response: ServerResponse, location: string): void => {
  response.writeHead(308, { ...COMMON, location, 'content-length': 0 })
  response.end()
}

export const sendJson = (response: ServerResponse, status: number, json: string): void =>
  sendText(response, status, 'application/json; charset=utf-8', json)

/** What a client is told of an error. Others than millrace's own say nothing: their messages are not meant for it. */
export const describeError = (error: unknown): { readonly status: number; readonly json: string } => {
  if (!(error instanceof StreamsError)) {
    const message = 'the query failed: the log of the instance says why'
    return { status: 500, json: toJson({ error: { code: 'QUERY_FAILED', message } }) }
  }
  const { code, message, location } = error
  const { host, partition } = location
  const status = error instanceof BadRequest ? error.status : (STATUS[code] ?? 500)
  const shown = {
    code,
    message,
    ...(host === undefined ? {} : { host }),
    ...(partition === undefined ? {} : { partition }),
  }
  return { status, json: toJson({ error: shown }) }
}

/** Writes lines as fast as the client reads them, and lets the event loop turn in between. */
export class LineWriter {
  #text = ''

  constructor(
    private readonly response: ServerResponse,
    private readonly signal: AbortSignal,
  ) {}

  async line(text: string): Promise<void> {
    this.#text += `${text}\n`
    if (this.#text.length >= CHUNK_CHARS) await this.#flush()
  }

  async end(): Promise<void> {
    if (this.#text !== '') await this.#flush()
    this.response.end()
  }

  async #flush(): Promise<void> {
    const text = this.#text
    this.#text = ''
    this.signal.throwIfAborted()
    if (this.response.write(text)) await new Promise((resolve) => setImmediate(resolve))
    else await once(this.response, 'drain', { signal: this.signal })
    this.signal.throwIfAborted()
  }
}
