import type { Agent } from 'node:http'
import { type Duration, toMilliseconds } from '../../durations'
import { StreamsError } from '../../errors'
import { HttpRegistryClient, type RegistryAuth } from './http-client'
import { dropMockRegistry, mockRegistry } from './mock-registry'
import { mentions, type NamedSchema } from './references'
import type { RegistryClient, SchemaReference, SchemaVersion, StoredSchema } from './registry-client'

/** How to reach the schema registry. */
export interface SchemaRegistryOptions {
  /** `http(s)://…`, or `mock://<scope>`: an in-process registry, shared by all that name the same scope. */
  url: string
  /** `{ username, password }`, or `{ token }` for a bearer token: a string, or a function that is called before each request. */
  auth?: RegistryAuth
  /** Sent with each request. */
  headers?: Readonly<Record<string, string>>
  /** Node's `http(s).Agent`: for certificates, proxies, keep-alive. */
  agent?: Agent
  /** Default: 10 s. */
  requestTimeout?: Duration
  /** How long to wait before asking again for an id that the registry does not have. Default: 10 s. */
  missingSchemaTtl?: Duration
}

/** A schema with the schemas that it refers to, dependencies first. */
export interface ResolvedSchema {
  readonly schema: string
  readonly schemaType: string
  readonly references: readonly NamedSchema[]
}

/** A schema to register, with those that it refers to: each of them comes behind what it refers to itself. */
export interface OwnSchema {
  readonly schema: string
  readonly schemaType: string
  readonly references: readonly NamedSchema[]
}

const MOCK = /^mock:\/\/(.*)$/
const HTTP = /^https?:\/\//

/**
 * A Confluent schema registry, or one with its REST API, with a cache of its answers. Schemas and ids never
 * change, so each is requested once; all serdes of an application should share one registry object.
 *
 * @example
 * const registry = new SchemaRegistry({ url: 'http://localhost:8081' })
 * const orders = builder.stream('orders', { value: serdes.avro({ registry, schema: orderSchema }) })
 */
export class SchemaRegistry {
  /** The URL, as given. */
  readonly url: string
  readonly #client: RegistryClient
  readonly #missingTtlMs: number
  readonly #schemas = new Map<number, ResolvedSchema>()
  readonly #missing = new Map<number, { readonly until: number; readonly error: StreamsError }>()
  readonly #ids = new Map<string, number>()
  readonly #asking = new Map<string, Promise<unknown>>()

  /** @throws StreamsError INVALID_CONFIG */
  constructor(options: SchemaRegistryOptions | string) {
    const settings = typeof options === 'string' ? { url: options } : options
    const { url, auth, agent, headers = {}, requestTimeout = 10_000, missingSchemaTtl = 10_000 } = settings
    this.url = url
    this.#missingTtlMs = toMilliseconds(missingSchemaTtl, 'missingSchemaTtl')
    const requestTimeoutMs = toMilliseconds(requestTimeout, 'requestTimeout')
    const scope = MOCK.exec(url)?.[1]
    if (scope === undefined && !HTTP.test(url)) {
      throw new StreamsError(
        'INVALID_CONFIG',
        `the url of a SchemaRegistry is http://…, https://… or mock://<scope>, got ${JSON.stringify(url)}`,
      )
    }
    this.#client =
      scope === undefined
        ? new HttpRegistryClient({ url, auth, agent, headers, requestTimeoutMs })
        : mockRegistry(scope)
  }

  /**
   * Removes all schemas of a `mock://` scope: the next registry of that scope is empty.
   *
   * @example
   * afterEach(() => SchemaRegistry.dropMock('orders'))
   */
  static dropMock(scope: string): void {
    dropMockRegistry(scope)
  }

  /**
   * The schema with an id, if it is already known.
   *
   * @throws StreamsError SCHEMA_NOT_FOUND while the registry is known not to have it
   *
   * @internal
   */
  known(id: number): ResolvedSchema | undefined {
    const schema = this.#schemas.get(id)
    if (schema !== undefined) return schema
    const missing = this.#missing.get(id)
    if (missing !== undefined) {
      if (missing.until > performance.now()) throw missing.error
      this.#missing.delete(id)
    }
    const stored = this.#client.known?.(id)
    return stored === undefined || stored.references.length > 0 ? undefined : this.#keep(id, stored, [])
  }

  /**
   * The schema with an id. @throws StreamsError SCHEMA_NOT_FOUND, SCHEMA_REGISTRY_UNAVAILABLE, NOT_AUTHORIZED
   *
   * @internal
   */
  async schema(id: number): Promise<ResolvedSchema> {
    return (
      this.known(id) ??
      this.#once(`schema ${id}`, async () => {
        try {
          const stored = await this.#client.schemaById(id)
          return this.#keep(id, stored, await this.#referencesOf(stored))
        } catch (error) {
          if (error instanceof StreamsError && error.code === 'SCHEMA_NOT_FOUND') {
            this.#missing.set(id, { until: performance.now() + this.#missingTtlMs, error })
          }
          throw error
        }
      })
    )
  }

  /**
   * The id of a schema in a subject, if it is already known.
   *
   * @internal
   */
  knownId(subject: string, { schema }: OwnSchema): number | undefined {
    return this.#ids.get(keyOf(subject, schema))
  }

  /**
   * The id of a schema under a subject; `register` adds it if the subject does not have it, and what it refers to under subjects of
   * their names, as Confluent's serializers do.
   *
   * @throws StreamsError SCHEMA_REJECTED (incompatible with an earlier version, or no schema), SCHEMA_NOT_FOUND (only
   * without `register`), SCHEMA_REGISTRY_UNAVAILABLE, NOT_AUTHORIZED
   *
   * @internal
   */
  async id(subject: string, own: OwnSchema, { register }: { register: boolean }): Promise<number> {
    const key = keyOf(subject, own.schema)
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    return this.#once(`${register ? 'register' : 'look up'} ${key}`, async () => {
      const stored = { ...own, references: await this.#registeredReferences(own, register) }
      const id = register ? await this.#client.register(subject, stored) : (await this.#client.find(subject, stored)).id
      this.#ids.set(key, id)
      if (!this.#schemas.has(id)) this.#keep(id, own, own.references)
      return id
    })
  }

  /** The direct ones: a reference is a version of a subject. */
  async #registeredReferences(own: OwnSchema, register: boolean): Promise<SchemaReference[]> {
    const direct: SchemaReference[] = []
    for (const [i, { name, schema }] of own.references.entries()) {
      if (!mentions(own.schema, name)) continue
      const referred = { schema, schemaType: own.schemaType, references: own.references.slice(0, i) }
      await this.id(name, referred, { register })
      const stored = { ...referred, references: await this.#registeredReferences(referred, register) }
      const { version } = await this.#client.find(name, stored)
      direct.push({ name, subject: name, version })
    }
    return direct
  }

  /**
   * The latest version of a subject; requested each time. @throws StreamsError as `schema`
   *
   * @internal
   */
  async latest(subject: string): Promise<{ readonly id: number; readonly version: number }> {
    const latest = await this.#client.version(subject, 'latest')
    await this.#keepVersion(latest)
    return latest
  }

  /**
   * Loads all versions of a subject; none if there is no such subject.
   *
   * @internal
   */
  async loadVersions(subject: string): Promise<void> {
    let version = await this.#versionOf(subject, 'latest')
    while (version !== undefined) {
      await this.#keepVersion(version)
      let number = version.version - 1
      version = undefined
      // deleted versions leave gaps
      while (version === undefined && number > 0) version = await this.#versionOf(subject, number--)
    }
  }

  async #versionOf(subject: string, version: number | 'latest'): Promise<SchemaVersion | undefined> {
    try {
      return await this.#client.version(subject, version)
    } catch (error) {
      if (error instanceof StreamsError && error.code === 'SCHEMA_NOT_FOUND') return undefined
      throw error
    }
  }

  async #keepVersion(version: SchemaVersion): Promise<void> {
    if (!this.#schemas.has(version.id)) this.#keep(version.id, version, await this.#referencesOf(version))
  }

  #keep(
    id: number,
    { schema, schemaType }: Omit<StoredSchema, 'references'>,
    references: readonly NamedSchema[],
  ): ResolvedSchema {
    const resolved = { schema, schemaType, references }
    this.#schemas.set(id, resolved)
    return resolved
  }

  async #referencesOf(schema: StoredSchema, seen = new Set<string>()): Promise<NamedSchema[]> {
    const found: NamedSchema[] = []
    for (const { name, subject, version } of schema.references) {
      const key = JSON.stringify([subject, version])
      if (seen.has(key)) continue
      seen.add(key)
      const referred = await this.#client.version(subject, version)
      found.push(...(await this.#referencesOf(referred, seen)), { name, schema: referred.schema })
    }
    return found
  }

  /** Concurrent requests for the same thing share one answer. */
  #once<T>(what: string, ask: () => Promise<T>): Promise<T> {
    const asking = this.#asking.get(what) as Promise<T> | undefined
    if (asking) return asking
    const answer = ask().finally(() => this.#asking.delete(what))
    this.#asking.set(what, answer)
    return answer
  }
}

const keyOf = (subject: string, schema: string): string => `${subject}\n${schema}`
