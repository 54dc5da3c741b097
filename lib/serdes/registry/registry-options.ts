import { BOOLEAN, callback, either, instanceOf, type Kind, oneOf, text } from '../../arguments'
import { SchemaRegistry } from './schema-registry'
import type { SubjectStrategy } from './subjects'

/** Where a serde has its schemas, and how they are registered. */
export interface RegistryOptions {
  /** Share one registry among all serdes. A URL creates one for this serde. */
  registry: SchemaRegistry | string
  /** The schema's subject in the registry. Default: `'topic'`, as with Confluent's serializers. */
  subject?: SubjectStrategy
  /** For the keys of topics: subjects end in `-key`. Default: false. */
  key?: boolean
  /** Whether to register the schema if its subject does not have it yet. Default: true; with false that is an error. */
  autoRegister?: boolean
}

export const REGISTRY_KINDS: Readonly<Record<keyof RegistryOptions, Kind>> = {
  registry: either(text('the URL of a schema registry'), instanceOf(SchemaRegistry, 'a SchemaRegistry')),
  subject: either(oneOf('topic', 'record', 'topic-record'), callback('a function that names the subject')),
  key: BOOLEAN,
  autoRegister: BOOLEAN,
}

export const registryOf = (registry: SchemaRegistry | string): SchemaRegistry =>
  typeof registry === 'string' ? new SchemaRegistry(registry) : registry
