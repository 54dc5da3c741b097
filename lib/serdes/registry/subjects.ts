import { StreamsError } from '../../errors'

/**
 * The registry subject of a topic's schemas: `topic` is `<topic>-key` or `<topic>-value`,
 * `record` the full name of the record, `topic-record` is `<topic>-<full name>`. A function returns it.
 */
export type SubjectStrategy =
  | 'topic'
  | 'record'
  | 'topic-record'
  | ((topic: string, schema: { readonly key: boolean; readonly recordName: string | undefined }) => string)

/** The record or message that a schema is of, and what to say of one that is of none. */
export interface SchemaRecord {
  readonly name: string | undefined
  readonly kind: string
}

/** `record` is undefined where the schema is not known. */
export const subjectOf = (
  strategy: SubjectStrategy,
  topic: string,
  key: boolean,
  record: SchemaRecord | undefined,
): string => {
  const recordName = record?.name
  if (typeof strategy === 'function') return strategy(topic, { key, recordName })
  if (strategy === 'topic') return `${topic}-${key ? 'key' : 'value'}`
  if (recordName === undefined) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `the subject strategy '${strategy}' takes the name of a record schema, and ` +
        (record === undefined ? 'no schema was given' : record.kind) +
        `: pass a record as \`schema\`, or use the strategy 'topic'`,
      { topic },
    )
  }
  return strategy === 'record' ? recordName : `${topic}-${recordName}`
}
