/** A schema whose types another schema refers to: by `name`, registered as a version of a subject. */
export interface SchemaReference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

/** A schema as the registry keeps it. */
export interface StoredSchema {
  readonly schema: string
  /** `AVRO`, `JSON`, `PROTOBUF` … */
  readonly schemaType: string
  readonly references: readonly SchemaReference[]
}

export interface SchemaVersion extends StoredSchema {
  readonly id: number
  readonly version: number
}

/**
 * The calls of a registry that serdes need. They reject with a `StreamsError`: SCHEMA_REGISTRY_UNAVAILABLE for transient
 * failures, SCHEMA_NOT_FOUND, SCHEMA_REJECTED, NOT_AUTHORIZED.
 */
export interface RegistryClient {
  schemaById(id: number): Promise<StoredSchema>
  /** The id of a schema, which is registered under the subject if necessary. */
  register(subject: string, schema: StoredSchema): Promise<number>
  /** The id and version of a schema that the subject has. */
  find(subject: string, schema: StoredSchema): Promise<{ readonly id: number; readonly version: number }>
  version(subject: string, version: number | 'latest'): Promise<SchemaVersion>
  /** What is known without a request: for an in-process registry. */
  known?(id: number): StoredSchema | undefined
}
