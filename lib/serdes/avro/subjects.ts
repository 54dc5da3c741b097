import { StreamsError } from '../../errors'
import type { AvroType } from './avro-types'

/**
 * The registry subject of a topic's schemas: `topic` is `<topic>-key` or `<topic>-value`,
 * `record` the full name of the record, `topic-record` is `<topic>-<full name>`. A function returns it.
 */
export type SubjectStrategy =
  | 'topic'
  | 'record'
  | 'topic-record'
  | ((topic: string, schema: { readonly key: boolean; readonly recordName: string | undefined }) => string)

/** `type` is undefined where the schema is not known. */
export const subjectOf = (
  strategy: SubjectStrategy,
  topic: string,
  key: boolean,
  type: AvroType | undefined,
): string => {
  const recordName = type?.typeName === 'record' ? type.name : undefined
  if (typeof strategy === 'function') return strategy(topic, { key, recordName })
  if (strategy === 'topic') return `${topic}-${key ? 'key' : 'value'}`
  if (recordName === undefined) {
    throw new StreamsError(
      'INVALID_ARGUMENT',
      `the subject strategy '${strategy}' takes the name of a record schema, and ` +
        (type === undefined ? 'no schema was given' : `the schema is of type ${type.typeName}`) +
        `: pass a record as \`schema\`, or use the strategy 'topic'`,
      { topic },
    )
  }
  return strategy === 'record' ? recordName : `${topic}-${recordName}`
}
