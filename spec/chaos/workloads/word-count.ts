import { keyValueStore, type ProcessingGuarantee, serdes } from '../../../lib'
import { type Logs, tally, type Workload } from './workload'

const counts = keyValueStore('counts', { key: serdes.string(), value: serdes.long() })

const truthOf = ({ inputs }: Logs): Map<string, number> =>
  tally(inputs.get('lines')!.flatMap(({ value }) => value!.split(' ')))

const countsOf = ({ output }: Logs): Array<readonly [word: string, count: number]> =>
  output.map(({ key, value }) => [key!, Number(Buffer.from(value!, 'latin1').readBigInt64BE())])

const highestOf = (logs: Logs): Map<string, number> => {
  const highest = new Map<string, number>()
  for (const [word, count] of countsOf(logs)) highest.set(word, Math.max(count, highest.get(word) ?? 0))
  return highest
}

/** Where a count did not grow. */
const setbacksOf = (logs: Logs, word: string): string => {
  const counts = countsOf(logs).flatMap(([each, count]) => (each === word ? [count] : []))
  const setbacks = counts.flatMap((count, i) =>
    count <= (counts[i - 1] ?? 0) ? [`after ${counts[i - 1]} came ${count}`] : [],
  )
  return setbacks.length === 0 ? '' : ` (${setbacks.join(', ')})`
}

const below = (
  truth: ReadonlyMap<string, number>,
  found: ReadonlyMap<string, number>,
  remark: (word: string) => string = () => '',
): string[] =>
  [...truth].flatMap(([word, count]) => {
    const has = found.get(word) ?? 0
    return has < count ? [`${word} is counted ${has} times of ${count}${remark(word)}`] : []
  })

const above = (truth: ReadonlyMap<string, number>, found: ReadonlyMap<string, number>): string[] =>
  [...found].flatMap(([word, count]) => {
    const real = truth.get(word) ?? 0
    return count > real ? [`${word} is counted ${count} times, not ${real}`] : []
  })

/** Under exactly_once counts are exact and only grow; under at_least_once none is too small. */
export const wordCount = (guarantee: ProcessingGuarantee): Workload => ({
  name: guarantee === 'exactly_once' ? 'count-exactly-once' : 'count-at-least-once',
  guarantee,
  inputs: ['lines'],
  output: guarantee === 'exactly_once' ? 'exact-counts' : 'least-counts',
  store: counts,

  build(builder, topic) {
    builder
      .stream(topic('lines'), { key: serdes.string(), value: serdes.string() })
      .flatMapValues((line) => line.split(' '))
      .groupBy((word) => word, { key: serdes.string(), value: serdes.string() })
      .count(counts)
      .toStream()
      .to(topic(this.output), { key: serdes.string(), value: serdes.long() })
  },

  // a stale count of an instance that has lost its tasks may come last under at_least_once
  missing: (logs) => below(truthOf(logs), highestOf(logs), (word) => setbacksOf(logs, word)),

  wrong(logs) {
    const truth = truthOf(logs)
    const highest = highestOf(logs)
    if (guarantee === 'at_least_once') {
      return [...highest.keys()].filter((word) => !truth.has(word)).map((word) => `${word} should not be there`)
    }
    const findings = above(truth, highest)
    const last = new Map<string, number>()
    for (const [word, count] of countsOf(logs)) {
      const before = last.get(word) ?? 0
      if (count <= before) findings.push(`${word} is counted ${count} times after it was counted ${before} times`)
      last.set(word, count)
    }
    return findings
  },

  wrongState(logs, state) {
    const truth = truthOf(logs)
    return [...below(truth, state), ...(guarantee === 'exactly_once' ? above(truth, state) : [])]
  },
})
