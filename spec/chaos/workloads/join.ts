import { JoinWindows, serdes } from '../../../lib'
import type { TopicRecord } from '../../support/topics'
import { type Logs, repeatedOrUnknown, tally, type Workload } from './workload'

export const JOIN_KEYS: readonly string[] = Array.from({ length: 30 }, (_, i) => `k${i}`)

const WINDOW_MS = 3000
/** Nothing may come too late: which side is behind is chance while brokers fail. */
const GRACE = '1d'

const byKey = (records: readonly TopicRecord[]): Map<string, TopicRecord[]> => {
  const groups = new Map<string, TopicRecord[]>()
  for (const record of records) {
    const group = groups.get(record.key!)
    if (group) group.push(record)
    else groups.set(record.key!, [record])
  }
  return groups
}

const expectedPairs = ({ inputs }: Logs): Set<string> => {
  const rights = byKey(inputs.get('right')!)
  const pairs = new Set<string>()
  for (const left of inputs.get('left')!) {
    for (const right of rights.get(left.key!) ?? []) {
      if (Math.abs(left.timestamp - right.timestamp) <= WINDOW_MS)
        pairs.add(`${left.key}: ${left.value}+${right.value}`)
    }
  }
  return pairs
}

const pairsOf = ({ output }: Logs): string[] => output.map(({ key, value }) => `${key}: ${value}`)

/** A stream with a stream in a window of time: each pair once. */
export const join: Workload = {
  name: 'join',
  guarantee: 'exactly_once',
  inputs: ['left', 'right'],
  output: 'pairs',

  build(builder, topic) {
    const text = { key: serdes.string(), value: serdes.string() }
    builder
      .stream(topic('left'), text)
      .join(
        builder.stream(topic('right'), text),
        (left, right) => `${left}+${right}`,
        JoinWindows.of({ timeDifference: WINDOW_MS, grace: GRACE }),
        { store: 'sides', ...text, otherValue: serdes.string() },
      )
      .to(topic('pairs'), text)
  },

  missing(logs) {
    const seen = new Set(pairsOf(logs))
    return [...expectedPairs(logs)].filter((pair) => !seen.has(pair))
  },

  wrong: (logs) => repeatedOrUnknown(tally(pairsOf(logs)), expectedPairs(logs)),
}
