import type { Program } from '../program'

/** What is in the output topics when all is done, by topic: of tables their rows, of streams all records in no order. */
export type Outcome = Readonly<Record<string, readonly string[]>>

/** Key and value of a record, as text. */
export type Written = readonly [key: string | null, value: string | null]

/** `written`: the records of a topic; those of one key are in order. */
export const outcomeOf = (program: Program, written: (topic: string) => readonly Written[]): Outcome => {
  const calls = program.ops.filter(({ op }) => op !== 'to')
  const outputs = program.ops.filter(({ op }) => op === 'to')
  return Object.fromEntries(
    outputs.map(({ topic, on }) => {
      const records = written(topic!)
      return [topic!, calls[on!]!.op === 'toStream' ? rowsOf(records) : records.map(text).sort()]
    }),
  )
}

/** A count that is 0 again is as if its key had never been there: with a record cache it may not have been. */
const ZERO = '~AAAAAAAAAAA='

const rowsOf = (records: readonly Written[]): string[] => {
  const last = new Map(records.map((record) => [record[0], record]))
  return [...last.values()]
    .filter(([, value]) => value !== null && value !== ZERO)
    .map(text)
    .sort()
}

const text = ([key, value]: Written): string => `${key} = ${value}`
