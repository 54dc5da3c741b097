import { StreamsError } from '../../errors'
import type { RegistryClient, SchemaVersion, StoredSchema } from './registry-client'

/**
 * A registry in this process, without HTTP, for tests. Ids count from 1; one schema has one id in all subjects. Nothing
 * is checked for compatibility.
 */
class MockRegistry implements RegistryClient {
  private readonly schemas = new Map<number, StoredSchema>()
  private readonly subjects = new Map<string, SchemaVersion[]>()

  known(id: number): StoredSchema | undefined {
    return this.schemas.get(id)
  }

  async schemaById(id: number): Promise<StoredSchema> {
    return this.schemas.get(id) ?? notFound(`schema ${id}`)
  }

  async register(subject: string, stored: StoredSchema): Promise<number> {
    const versions = this.subjects.get(subject) ?? []
    const there = find(versions, stored)
    if (there) return there.id
    const known = [...this.schemas].find(([, other]) => canonical(other) === canonical(stored))
    const id = known?.[0] ?? this.schemas.size + 1
    if (!known) this.schemas.set(id, stored)
    this.subjects.set(subject, [...versions, { ...stored, id, version: versions.length + 1 }])
    return id
  }

  async find(subject: string, schema: StoredSchema): Promise<SchemaVersion> {
    const versions = this.subjects.get(subject) ?? notFound(`subject "${subject}"`)
    return find(versions, schema) ?? notFound(`this schema in subject "${subject}"`)
  }

  async version(subject: string, version: number | 'latest'): Promise<SchemaVersion> {
    const versions = this.subjects.get(subject) ?? notFound(`subject "${subject}"`)
    return versions.at(version === 'latest' ? -1 : version - 1) ?? notFound(`version ${version} of "${subject}"`)
  }
}

const find = (versions: readonly SchemaVersion[], schema: StoredSchema): SchemaVersion | undefined =>
  versions.find((version) => canonical(version) === canonical(schema))

const canonical = ({ schema, schemaType, references }: StoredSchema): string =>
  JSON.stringify([schemaType, schemaType === 'PROTOBUF' ? schema.trim() : JSON.parse(schema), references])

const notFound = (what: string): never => {
  throw new StreamsError('SCHEMA_NOT_FOUND', `the mock registry does not have ${what}`)
}

const scopes = new Map<string, MockRegistry>()

/** All `mock://<scope>` URLs of a process with one scope are one registry, as Confluent's are. */
export const mockRegistry = (scope: string): MockRegistry => {
  const known = scopes.get(scope)
  if (known) return known
  const registry = new MockRegistry()
  scopes.set(scope, registry)
  return registry
}

export const dropMockRegistry = (scope: string): void => {
  scopes.delete(scope)
}
