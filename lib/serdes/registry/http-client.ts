import type { Agent } from 'node:http'
import type * as Rest from '@kafkajs/confluent-schema-registry/dist/api'
import { StreamsError } from '../../errors'
import type { RegistryClient, SchemaReference, SchemaVersion, StoredSchema } from './registry-client'
import { startTimer } from '../../timer'

export interface HttpClientOptions {
  readonly url: string
  readonly auth?: RegistryAuth | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly agent?: Agent | undefined
  readonly requestTimeoutMs: number
}

/** Basic authentication, or a bearer token; a function can return renewed tokens. */
export type RegistryAuth =
  | { readonly username: string; readonly password: string }
  | { readonly token: string | (() => string | Promise<string>) }

type RestClient = typeof Rest
type Api = ReturnType<RestClient['default']>
interface Response {
  data(): unknown
}

const CLIENT_ID = 'millrace'

/**
 * The REST client of @kafkajs/confluent-schema-registry, without its `SchemaRegistry` around it: that class loads
 * validators of all formats, sets the compatibility of the subjects it registers under, and rejects those with another one.
 */
export class HttpRegistryClient implements RegistryClient {
  private loaded: Api | undefined

  constructor(private readonly options: HttpClientOptions) {}

  async schemaById(id: number): Promise<StoredSchema> {
    return storedSchema(await this.call(`get schema ${id}`, (api) => api.Schema.find({ id })))
  }

  async register(subject: string, schema: StoredSchema): Promise<number> {
    return idOf(
      await this.call(`register a schema at subject "${subject}"`, (api) =>
        api.Subject.register({ subject, body: bodyOf(schema) }),
      ),
    )
  }

  async find(subject: string, schema: StoredSchema): Promise<{ id: number; version: number }> {
    const answer = await this.call(`look up a schema in subject "${subject}"`, (api) =>
      api.Subject.registered({ subject, body: bodyOf(schema) }),
    )
    return { id: idOf(answer), version: Number(answer['version']) }
  }

  async version(subject: string, version: number | 'latest'): Promise<SchemaVersion> {
    const what = `get version ${version} of subject "${subject}"`
    const answer = await this.call(what, (api) => api.Subject.version({ subject, version }))
    return { ...storedSchema(answer), id: idOf(answer), version: Number(answer['version']) }
  }

  private async call(what: string, send: (api: Api) => Promise<Response>): Promise<Record<string, unknown>> {
    const api = (this.loaded ??= this.load())
    let answer: unknown
    try {
      answer = (await this.withDeadline(send(api))).data()
    } catch (error) {
      throw this.failure(what, error)
    }
    if (typeof answer === 'object' && answer !== null) return answer as Record<string, unknown>
    throw this.unavailable(what, 'the answer is not that of a schema registry: check the URL')
  }

  private load(): Api {
    const { url, auth, agent, headers, requestTimeoutMs } = this.options
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded only when a registry is used
    const { default: connect } = require('@kafkajs/confluent-schema-registry/dist/api') as RestClient
    return connect({
      host: url.replace(/\/+$/, ''),
      clientId: CLIENT_ID,
      ...(auth && 'username' in auth ? { auth } : {}),
      ...(agent ? { agent } : {}),
      middlewares: [
        () => ({
          prepareRequest: async (next) => {
            const request = await next()
            const sent: Record<string, string> = { ...headers }
            if (auth && 'token' in auth) sent['authorization'] = `Bearer ${await tokenOf(auth.token)}`
            return request.enhance({ headers: sent, timeout: requestTimeoutMs })
          },
        }),
      ],
    })
  }

  /** The request's own timeout restarts with each byte and each of the client's quick retries. */
  private async withDeadline<T>(response: Promise<T>): Promise<T> {
    const ms = this.options.requestTimeoutMs * 3
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<never>((_, reject) => {
      timer = startTimer(() => reject(new Error(`no answer in ${ms} ms`)), ms)
    })
    try {
      return await Promise.race([response, deadline])
    } finally {
      clearTimeout(timer)
    }
  }

  private failure(what: string, error: unknown): StreamsError {
    if (error instanceof StreamsError) return error
    const message = (error instanceof Error ? error.message : String(error)).replace(`${CLIENT_ID} - `, '')
    const status = (error as { status?: number }).status
    const where = `the schema registry at ${this.options.url}`
    if (status === 401 || status === 403) {
      return new StreamsError(
        'NOT_AUTHORIZED',
        `${where} does not let this application ${what} (HTTP ${status}): ${message}. Check the \`auth\` option of ` +
          'SchemaRegistry, and the rights of that user',
        {},
        { cause: error },
      )
    }
    // any other answer comes from the network or from a proxy
    if (
      status === undefined ||
      status >= 500 ||
      status === 408 ||
      status === 429 ||
      message.startsWith('Error, status')
    ) {
      return this.unavailable(what, message.replace(/^Error, status 400: /, ''), error)
    }
    return new StreamsError(
      status === 404 ? 'SCHEMA_NOT_FOUND' : 'SCHEMA_REJECTED',
      `could not ${what}: ${where} says: ${message}`,
      {},
      { cause: error },
    )
  }

  private unavailable(what: string, why: string, cause?: unknown): StreamsError {
    return new StreamsError(
      'SCHEMA_REGISTRY_UNAVAILABLE',
      `could not ${what} at the schema registry ${this.options.url}: ${why}`,
      {},
      { cause },
    )
  }
}

const tokenOf = async (token: string | (() => string | Promise<string>)): Promise<string> =>
  typeof token === 'string' ? token : token()

/** What is not said is Avro without references, also to registries that know nothing else. */
const bodyOf = ({ schema, schemaType, references }: StoredSchema): object => ({
  schema,
  ...(schemaType === 'AVRO' ? {} : { schemaType }),
  ...(references.length === 0 ? {} : { references }),
})

const idOf = (answer: Record<string, unknown>): number => Number(answer['id'])

const storedSchema = (answer: Record<string, unknown>): StoredSchema => ({
  schema: String(answer['schema']),
  schemaType: String(answer['schemaType'] ?? 'AVRO'),
  references: (answer['references'] as SchemaReference[] | undefined) ?? [],
})
