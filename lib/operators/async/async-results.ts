import { StreamRecord } from '../../record/stream-record'

/** What the result of a call is. */
export type ResultKind = 'value' | 'record' | 'values' | 'keep' | 'nothing'

type AnyRecord = StreamRecord<unknown, unknown>

/** Makes the records to forward of a call's result; throws if it is of another kind. */
export const recordsOf: Readonly<Record<ResultKind, (input: AnyRecord, result: unknown) => readonly AnyRecord[]>> = {
  value: (input, value) => [input.withValue(value)],
  record: ({ timestamp, headers }, result) => {
    const [key, value] = result as readonly [unknown, unknown]
    return [new StreamRecord(key, value, timestamp, headers)]
  },
  values: (input, values) => [...(values as Iterable<unknown>)].map((value) => input.withValue(value)),
  keep: (input, keeps) => (keeps ? [input] : []),
  nothing: () => [],
}
