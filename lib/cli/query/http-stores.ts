import { readFileSync } from 'node:fs'
import { type IncomingMessage, request } from 'node:http'
import { request as requestOverTls } from 'node:https'
import { resolve as resolvePath } from 'node:path'
import { type ErrorCode, StreamsError } from '../../errors'
import { unreadable } from '../unreadable'
import { UsageError } from '../usage-error'

/** How an instance is reached. */
export interface InstanceOptions {
  readonly url: string
  readonly headers: readonly string[]
  /** A file. */
  readonly ca: string | undefined
  readonly cwd: string
}

/** The answer to a GET request of a path below the URL of an instance: its lines of JSON. */
export const askInstance = async (path: string, options: InstanceOptions): Promise<Record<string, unknown>[]> => {
  const base = baseOf(options.url)
  const send = base.protocol === 'https:' ? requestOverTls : request
  const ca = options.ca === undefined ? undefined : caOf(options.ca, options.cwd)
  const headers = Object.fromEntries(options.headers.map(headerOf))
  let text = ''
  let status: number
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const url = `${base.origin}${base.pathname.replace(/\/$/, '')}${path}`
      send(url, { headers, ...(ca === undefined ? {} : { ca }) }, resolve)
        .once('error', reject)
        .end()
    })
    status = response.statusCode!
    for await (const chunk of response.setEncoding('utf8') as AsyncIterable<string>) text += chunk
  } catch (error) {
    throw new StreamsError(
      'INSTANCE_UNREACHABLE',
      `${base.host} does not answer: ${(error as Error).message}. Check the URL, and that millrace/http listens there`,
      { host: base.host },
      { cause: error },
    )
  }
  if (status !== 200) throw refusalOf(base.host, status, text)
  try {
    const lines = text.split('\n').filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  } catch {
    throw strange(base.host, status)
  }
}

const baseOf = (url: string): URL => {
  const text = /^https?:\/\//.test(url) ? url : `http://${url}`
  if (URL.canParse(text)) return new URL(text)
  throw new UsageError(`'${url}' is no address of an instance: give host:port, or a URL with the path of the handler`)
}

const caOf = (file: string, cwd: string): Buffer => {
  const path = resolvePath(cwd, file)
  try {
    return readFileSync(path)
  } catch (error) {
    throw new UsageError(`--ca: ${unreadable(path, error)}`)
  }
}

const headerOf = (text: string): [name: string, value: string] => {
  const at = text.indexOf(':')
  if (at < 1) throw new UsageError(`--header is '${text}': give 'name: value'`)
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()]
}

const refusalOf = (host: string, status: number, text: string): StreamsError => {
  let error: { code?: unknown; message?: unknown } = {}
  try {
    error = (JSON.parse(text) as { error?: typeof error }).error ?? {}
  } catch {
    // something else listens there
  }
  const { code, message } = error
  if (typeof code !== 'string') return strange(host, status)
  return new StreamsError(code as ErrorCode, `${host} answered: ${String(message)}`, { host })
}

const strange = (host: string, status: number): StreamsError =>
  new StreamsError(
    'INSTANCE_UNREACHABLE',
    `${host} answered with status ${status}, and not as millrace/http does: check the address and its path`,
    { host },
  )
